/// How the mapping cache uses Redis.
public struct CacheOptions: Sendable {
  /// How long a call waits for Redis at most; what is slower makes the node stop believing its cache.
  public var wait: Duration = .milliseconds(50)
  /// How long an entry lives after its last write, at least a millisecond.
  public var timeToLive: Duration = .seconds(24 * 3600)
  /// How many services whose write Redis missed are remembered by the node; with more the epoch is raised instead.
  public var missedLimit = 100_000
  /// How long connecting, or each answer of the handshake, may take.
  public var connectTimeout: Duration = .seconds(1)
  /// A Redis that owes an answer for this long is disconnected.
  public var silenceLimit: Duration = .seconds(3)
  /// The pause before the first attempt to reconnect; it doubles up to ``longestPause``, with jitter.
  public var shortestPause: Duration = .milliseconds(25)
  /// The longest pause between two attempts to reconnect.
  public var longestPause: Duration = .seconds(1)
  /// How often a quiet connection is asked for the epoch: what bounds how long a node that only reads does not
  /// know that another one has raised it.
  public var probeInterval: Duration = .seconds(1)
  /// What this node is called among those that share a store: with another name, or in another process at the same
  /// time, it is another node.
  public var node = "single"
  /// Tells the store that the entries are of from others: Redis is one store's at a time.
  public var store: Int64 = 0
  /// How long Redis stays a store's after the last of its servers was seen; with the end of the last one it is free at once.
  public var storeMemory: Duration = .seconds(60)
  /// How often each node has committed something to the store, by the nodes' names, as of a moment that is not long ago; `nil`
  /// where that cannot be known. A node that is missing has never done so, or has ended. Called on any loop.
  public var commits: @Sendable () -> [String: Int64]? = { nil }
  /// A node that does not reach Redis any more for this long is one whose commits the others' entries may lack: the
  /// epoch is raised, and again each time while it goes on committing, or nobody knows whether it does.
  public var leaseTime: Duration = .seconds(3)
  /// How long a node that went without an end is waited for like that.
  public var leaseMemory: Duration = .seconds(600)
  /// How many commands a loop may have without an answer; beyond it writes are missed and reads bypass Redis.
  public var outstandingLimit = 16_384
  /// How many bytes of commands a loop may have without an answer.
  public var outstandingBytesLimit = 16 << 20
  /// How many services are read from the store at a time while catching up.
  public var replayBatch = 256

  /// The defaults.
  public init() {}
}

extension Duration {
  /// Whole milliseconds, at least 1.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
  }
}
