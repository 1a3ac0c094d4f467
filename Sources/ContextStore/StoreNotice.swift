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
  /// The database has lost commits that it had acknowledged. What was told of them elsewhere, as in the cache, is not true any more.
  case commitsLost(newest: Int64)

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
    case .commitsLost(let newest):
      "the database has lost commits that it had acknowledged (it crashed while it was not to wait for its disk, was restored, or a "
        + "standby took over that had not got them): the change sequence goes on behind \(newest)"
    case .foldRecovered: "the journal is brought into the database again"
    }
  }
}
