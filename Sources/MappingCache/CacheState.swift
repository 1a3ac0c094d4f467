/// How the node and Redis get along.
public struct CacheState: Sendable, Equatable {
  /// The steps from away to believed.
  public enum Phase: UInt8, Sendable {
    /// At least one loop has no answering connection.
    case down
    /// Redis answers on all loops, but has missed something.
    case catchingUp
    /// Nothing is missed.
    case up
  }

  /// Where the node stands.
  public let phase: Phase

  /// Whether reads are answered from Redis.
  public var isBelieved: Bool { phase == .up }
}
