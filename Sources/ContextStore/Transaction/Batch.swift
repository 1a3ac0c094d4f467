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

  /// Whether what comes after it must stand in another file than it.
  var endsSegment = false

  /// Whether there is nothing to keep.
  var isEmpty: Bool { puts.isEmpty && deletions.isEmpty && changes.isEmpty }

  /// What kinds of records it touches.
  var kinds: Set<RecordKey.Kind> {
    var kinds: Set<RecordKey.Kind> = []
    // By their places: an iterator would copy each record.
    for place in puts.indices { kinds.insert(puts[place].key.kind) }
    for key in deletions { kinds.insert(key.kind) }
    return kinds
  }

  /// How much text it is made of, but for names.
  var byteCount: Int {
    var count = 0
    for put in puts { count += put.document.count + put.hidden.count }
    for change in changes { count += change.event.count }
    return count
  }
}

/// What the store counts.
struct StoreCounters: Sendable, Equatable {
  /// The id that the next new service gets.
  var nextServiceID: Int64 = 1
  /// The number of the newest change; 0 if there is none. Where other servers write to the same store it is the newest that
  /// is known of, and the numbers of a batch are certain only when it is durable.
  var lastSequence: Int64 = 0
  /// The end of the ids that are this server's to give out.
  var endOfServiceIDs = Int64.max

  /// Ids that this server may give out. No service has one of them.
  var ownServiceIDs: Range<Int64> { nextServiceID..<endOfServiceIDs }
}
