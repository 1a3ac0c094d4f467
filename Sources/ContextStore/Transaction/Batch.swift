import ContextModel

/// What becomes of a batch: each record that it touched once, in its last state.
struct Batch: Sendable {
  /// Records to be kept, in the order of their keys' services.
  var puts: [Record] = []
  /// Records to be removed.
  var deletions: [RecordKey] = []
  /// All accepted changes, in order, their numbers consecutive.
  var changes: [Change] = []
  /// What is counted, after the batch.
  var counters: StoreCounters

  /// Whether there is nothing to keep.
  var isEmpty: Bool { puts.isEmpty && deletions.isEmpty && changes.isEmpty }
}

/// What the store counts.
struct StoreCounters: Sendable, Equatable {
  /// The id that the next new service gets; none from it on was ever given out.
  var nextServiceID: Int64 = 1
  /// The number of the newest change; 0 if there is none.
  var lastSequence: Int64 = 0
}
