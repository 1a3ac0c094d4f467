public import ContextModel

/// Whether writes are being kept.
public enum StoreHealth: Sendable, Equatable {
  /// The last commit succeeded.
  case up
  /// Commits fail, and calls that write get 503, since a moment and for a reason.
  case failing(since: Timestamp, reason: String)
}
