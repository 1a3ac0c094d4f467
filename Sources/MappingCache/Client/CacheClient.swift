import ContextModel
import EventLoop
import LiaisonKit

/// A loop's part of the cache: one connection, what it has not answered, and what Redis has missed. Loop thread
/// only. The protocol it follows is told in the article "Protocol".
///
/// Whatever changes the course of things is only noted where it happens, often inside a connection's callbacks, and
/// acted upon at the end of the tick: see ``proceed()``.
final class CacheClient: @unchecked Sendable, RedisConnectionOwner, EndOfTickWork {
  /// How far the connection is.
  enum Stage: Equatable {
    /// None: before `start`, between attempts, after `stop`.
    case idle
    /// On its way, handshake included.
    case connecting
    /// Redis has told who it is, and which epoch it had when the node's was `under`; now it must be made sure that
    /// both are the node's.
    case greeted(epoch: Int64?, under: Int64)
    /// In use: its Redis is the node's.
    case joined
  }

  let index: Int
  let loop: EventLoop
  let node: CacheNode
  let topology: any RedisTopology
  /// Whose part this is, if Redis is a cluster; it keeps its clients alive.
  private(set) weak var cluster: ClusterRouter?
  let isClustered: Bool
  /// Tells this Redis from others of a cluster; empty if it is the only one.
  let place: String
  /// Whether the node's lease is held here, if the epoch is here.
  let isFirst: Bool
  /// Its master has left the cluster: what is missed is somebody else's.
  var isRetired = false
  /// Whether the node has missed nothing when it ends.
  var endsLease = false
  let access: RedisAccess
  let database: Int
  let options: CacheOptions
  let reload: @Sendable ([ServiceID]) async throws -> [CachedService]
  let resolver: HostResolver
  /// Tells all clients of the node, this one included, to look at the epoch again.
  var epochChanged: () -> Void = {}

  var stage = Stage.idle
  var connection: RedisConnection?
  /// Where the connection was made to, as it was found.
  var located: RedisAddress?
  /// Tells an attempt to connect, and what was begun with it, from later ones.
  var attempt = 0
  /// Which Redis, in which life, is at the other end.
  var instance: String?
  var isStopped = false
  /// Whether the first attempt to connect has come to something.
  var hasAttempted = false
  var backoff: Backoff

  var writer = CommandWriter()
  /// The write script's name in Redis.
  var digest: [UInt8]?
  var pending = PendingCommands()
  /// Entries that leave at the end of the tick, all under one epoch, and the bytes of their documents.
  var gathered: [GatheredWrite] = []
  var gatheredEpoch: Int64 = 0
  var gatheredBytes = 0
  /// How many of the oldest commands nobody waits for any more. While there are any, nothing new is sent.
  var overdue = 0
  var missed: MissedWrites
  /// Calls whose write met an epoch that has passed: they wait, no longer than others, until the replay is done.
  var parked: [ParkedWrite] = []
  /// The replay's commands without an answer, the store's answer counted as one.
  var replaying = 0
  var isRenewing = false

  /// What is to be done at the end of the tick.
  var mustClose: OutageReason?
  /// An epoch seen in Redis that is not the node's; 0 for none at all.
  var foreignEpoch: Int64?
  var mustCheckDeadlines = false

  /// What the node was told last.
  var reported = CacheState.Phase.down
  var deadlineTimer: Timer?
  var connectTimer: Timer?
  var probeTimer: Timer?
  var waitsForEndOfTick = false

  init(
    _ setup: CacheSetup, on loop: EventLoop, isFirst: Bool, topology: any RedisTopology, place: String,
    cluster: ClusterRouter?
  ) {
    self.loop = loop
    self.isFirst = isFirst
    node = setup.node
    self.topology = topology
    self.place = place
    self.cluster = cluster
    isClustered = cluster != nil
    index = node.addClient(place)
    // A cluster's clients come and go; nobody waits for one of them.
    hasAttempted = cluster != nil
    access = setup.location.access
    database = setup.location.database
    resolver = setup.resolver
    options = setup.options
    reload = setup.reload
    backoff = Backoff(shortest: options.shortestPause, longest: options.longestPause)
    missed = MissedWrites(limit: setup.missedLimit)
  }

  /// Whether the epoch is in this Redis.
  var ownsEpoch: Bool { !isClustered || cluster?.owner === self }

  /// Whether a command of this epoch may be sent now.
  func accepts(_ epoch: Int64) -> Bool {
    isAnswering && epoch == node.epoch && epoch != 0
      && pending.weight < options.outstandingLimit && pending.size < options.outstandingBytesLimit
  }

  /// Whether it makes sense to wait for Redis.
  var isAnswering: Bool { stage == .joined && overdue == 0 && mustClose == nil }

  /// Redis does not have this service's newest state, or may not have it. When this returns the node does not
  /// believe its cache: only now may the call that wrote it be answered.
  func miss(_ id: ServiceID, _ reason: OutageReason) {
    if isRetired, let cluster { return cluster.remember(id, reason) }
    missed.insert(id)
    if reported == .up { report(.catchingUp, reason) }
    loop.atEndOfTick(self)
  }

  /// It is not known any more which services Redis lacks: the epoch is to be raised.
  func lose() {
    missed.lose()
    if reported == .up { report(.catchingUp, .missed) }
    loop.atEndOfTick(self)
  }

  func report(_ phase: CacheState.Phase, _ reason: OutageReason? = nil) {
    guard phase != reported || reason != nil else { return }
    reported = phase
    node.report(index, phase, reason)
    switch phase {
    case .up: unpark(node.metrics.written)
    case .catchingUp: break
    case .down: unpark(node.metrics.failed)
    }
  }

  /// Notes that the connection is of no use any more.
  func closeSoon(_ reason: OutageReason) {
    guard mustClose == nil else { return }
    mustClose = reason
    report(.down, reason)
    loop.atEndOfTick(self)
  }

  func endOfTick() {
    sendGathered()
    if mustCheckDeadlines { checkDeadlines() }
    proceed()
  }

  /// Takes the next step towards being believed, if there is one to take. May be called at any time.
  func proceed() {
    if let reason = mustClose {
      mustClose = nil
      close(reason)
      return
    }
    switch stage {
    case .idle, .connecting: return
    case .greeted(let epoch, let known): join(epoch, under: known)
    case .joined:
      guard node.instance(place) == instance else {
        close(.away("another Redis answers on other connections"))
        return
      }
    }
    guard stage == .joined, overdue == 0, !isRenewing else { return }
    guard isOfOneEpoch() else { return }
    // Others must learn of it if this node is cut off.
    if ownsEpoch, isFirst, !node.hasHeldLease { return }
    if missed.isEmpty && replaying == 0 {
      backoff.reset()
      report(.up)
      attempted()
    } else {
      report(.catchingUp)
      replay()
    }
  }

  /// Whether nothing about the epoch is to be settled before anything else; sees to it otherwise.
  private func isOfOneEpoch() -> Bool {
    guard ownsEpoch else { return followsEpoch() }
    if missed.areLost || node.hasNewInstances {
      renewEpoch(raising: true, missed.areLost ? .missed : nil)
      return false
    }
    if let epoch = foreignEpoch {
      guard epoch == node.epoch else {
        renewEpoch(raising: false, .epoch)
        return false
      }
      foreignEpoch = nil
    }
    return true
  }

  /// The same where another Redis of the cluster has the epoch.
  private func followsEpoch() -> Bool {
    if missed.areLost, let owner = cluster?.owner {
      owner.lose()
      missed.reset()
    }
    if let epoch = foreignEpoch, epoch > node.epoch {
      report(.catchingUp, .epoch)
      cluster?.owner?.saw(epoch, under: node.epoch)
      return false
    }
    foreignEpoch = nil
    return !missed.areLost
  }
}
