public import ContextModel

/// Whether writes are being kept.
public enum StoreHealth: Sendable, Equatable {
  /// The last commit succeeded.
  case up
  /// Commits fail, and calls that write get 503, since a moment and for a reason.
  case failing(since: Timestamp, reason: String)
}

/// What a store wants its operator to know. Each is said once, not once a batch.
public enum StoreNotice: Sendable, Equatable, CustomStringConvertible {
  /// Commits began to fail.
  case failing(reason: String)
  /// Commits succeed again.
  case recovered(afterMilliseconds: Int64)
  /// The journal cannot be folded into the tables; writes go on until it has grown too long.
  case foldFailing(reason: String)
  /// The journal is folded again.
  case foldRecovered
  /// The journal ended in an incomplete batch, which was left out.
  case endDropped(path: String, offset: Int)

  /// A line for the log.
  public var description: String {
    switch self {
    case .failing(let reason): "the store fails, writes get 503: \(reason)"
    case .recovered(let milliseconds): "the store works again after \(milliseconds) ms"
    case .foldFailing(let reason):
      "the journal cannot be brought into the database, writes go on while there is room for it: \(reason)"
    case .endDropped(let path, let offset):
      "the journal \(path) ended in an incomplete batch at byte \(offset), which was left out: it was never acknowledged, "
        + "unless the disk has changed it since"
    case .foldRecovered: "the journal is brought into the database again"
    }
  }
}
