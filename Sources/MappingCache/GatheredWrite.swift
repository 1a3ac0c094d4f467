import ContextModel

/// An entry that leaves with others at the end of the tick.
struct GatheredWrite {
  /// What it is for, and who waits.
  enum Origin {
    /// A committed change. Its waiter is called once: by the answer, or when that is overdue.
    case change((() -> Void)?)
    /// What a call read from the store after a miss. Nobody waits.
    case fill
    /// A missed service's newest state.
    case replay
  }

  let service: CachedService
  var origin: Origin

  /// The most entries in one call of the script: Redis does nothing else meanwhile.
  static let most = 64
  /// With more bytes of documents than this the entries leave at once.
  static let mostBytes = 256 << 10
}
