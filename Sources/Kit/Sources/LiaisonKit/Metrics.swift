import Synchronization

/// A number that only grows. Any thread may add.
public final class Counter: Sendable {
  private let cell = Atomic<Int>(0)

  /// Starts at 0.
  public init() {}

  /// Adds.
  public func add(_ count: Int = 1) { cell.add(count, ordering: .relaxed) }

  /// The number so far.
  public var value: Int { cell.load(ordering: .relaxed) }
}

/// How often values fell into ranges. Any thread may record.
public final class Histogram: Sendable {
  /// The upper bounds, ascending; one bucket more takes the rest.
  public let bounds: [Int]
  /// What one unit of a recorded value is in the exported unit: 1e-6 for microseconds that are exported as seconds.
  public let scale: Double
  private let buckets: [Counter]
  private let total = Counter()

  /// Bounds for latencies recorded in microseconds and exported in seconds.
  public static let latencyBounds = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
  ]

  /// A histogram.
  public init(bounds: [Int], scale: Double = 1) {
    self.bounds = bounds
    self.scale = scale
    buckets = (0...bounds.count).map { _ in Counter() }
  }

  /// A histogram of microseconds.
  public static func latency() -> Histogram { Histogram(bounds: latencyBounds, scale: 1e-6) }

  /// Records a value.
  public func record(_ value: Int) {
    var index = 0
    while index < bounds.count && value > bounds[index] { index += 1 }
    buckets[index].add()
    total.add(value)
  }

  /// Adds everything that another histogram of the same bounds has recorded.
  public func add(_ other: Histogram) {
    precondition(other.bounds == bounds, "histograms of different bounds do not add up")
    for (bucket, count) in zip(buckets, other.counts) { bucket.add(count) }
    total.add(other.sum)
  }

  /// How many values were recorded.
  public var count: Int { counts.reduce(0, +) }

  /// A value in the exported unit. Divides where it can: 100 times 1e-6 is not the double that is written 0.0001.
  func exported(_ value: Int) -> Double {
    scale < 1 ? Double(value) / (1 / scale).rounded() : Double(value) * scale
  }

  /// How many values fell into each bucket.
  public var counts: [Int] { buckets.map(\.value) }

  /// The sum of all values.
  public var sum: Int { total.value }
}
