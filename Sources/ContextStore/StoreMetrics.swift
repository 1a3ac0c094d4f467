public import LiaisonKit

/// What a store counts. Readable on any thread.
public struct StoreMetrics: Sendable {
  /// How many writes a commit held.
  public let batchSize = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048])
  /// How long a commit took, from the load of its services to its durability. Failed ones count too.
  public let commitDuration = Histogram.latency()
  /// How long it took to bring a generation of the journal into the tables.
  public let foldDuration = Histogram.latency()
  /// How many records folds have written. Writes to one service in one generation are one record.
  public let foldedRecords = Counter()
}
