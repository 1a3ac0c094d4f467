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
  /// How often a node of the cluster has sent it elsewhere.
  var redirections = 0

  /// The most entries in one call of the script: Redis does nothing else meanwhile.
  static let most = 64
  /// More redirections than while slots move; then it is missed, and the map asked for.
  static let mostRedirections = 4
  /// With more bytes of documents than this the entries leave at once.
  static let mostBytes = 256 << 10
}
