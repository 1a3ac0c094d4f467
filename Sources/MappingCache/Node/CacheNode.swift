import LiaisonKit
import Synchronization

/// What the loops of a node share: whether the cache is believed, the epoch, and whose turn it is to renew it.
/// Any thread; the mutex is taken when something changes, never by a read or write that goes well.
final class CacheNode: Sendable {
  let metrics = CacheMetrics()
  let writes = WriteClock()

  private struct Shared {
    /// Each client's own phase, and the place of the Redis that it is connected to.
    var phases: [Int: (place: String, phase: CacheState.Phase)] = [:]
    /// How many clients there ever were.
    var clients = 0
    /// Which Redis, in which life, is known to stand in each place; the entries of another one do not count.
    var instances: [String: String] = [:]
    /// Instances that count once the epoch is raised.
    var newInstances: [String: String] = [:]
    /// Those that the renewal under way makes count.
    var renewing: [String: String] = [:]
    /// The client that renews the epoch.
    var renewer: Int?
    var outage = OutageLog()
    /// Why the cache is not believed, as it was told last.
    var reason: OutageReason?
    var starters: [@Sendable () -> Void] = []
    /// How many loops have not yet tried to connect.
    var untried: Int
  }

  private let shared: Mutex<Shared>
  /// The phase in the two lowest bits, above it a number that changes with every change: a read that sees the same
  /// belief when its answer arrives as when it was sent was believed all the time between.
  private let beliefCell = Atomic<UInt64>(0)
  private let epochCell = Atomic<Int64>(0)
  private let heldLease = Atomic<Bool>(false)
  private let location: RedisLocation
  private let log: Log

  init(loops: Int, location: RedisLocation, log: Log) {
    shared = Mutex(Shared(untried: loops))
    self.location = location
    self.log = log
  }

  /// The epoch that this node reads and writes under; 0 before it knows one.
  var epoch: Int64 { epochCell.load(ordering: .sequentiallyConsistent) }

  /// Compared for equality only, but for ``isBelief(_:)``.
  var belief: UInt64 { beliefCell.load(ordering: .sequentiallyConsistent) }

  /// Whether a value of ``belief`` means that the cache is believed.
  static func isBelief(_ belief: UInt64) -> Bool { belief & 3 == UInt64(CacheState.Phase.up.rawValue) }

  var state: CacheState { CacheState(phase: CacheState.Phase(rawValue: UInt8(belief & 3)) ?? .down) }

  /// Why the cache is not believed; `nil` while it is.
  var outage: OutageReason? { shared.withLock { $0.reason } }

  /// Which Redis is known to stand in a place.
  func instance(_ place: String) -> String? { shared.withLock { $0.instances[place] } }

  /// Another Redis than before, or the same in another life, stands in a place: it may have older entries than it
  /// had. The epoch must be raised before it is used.
  func note(_ instance: String, in place: String) {
    shared.withLock { if $0.instances[place] != instance { $0.newInstances[place] = instance } }
  }

  /// Whether the epoch must be raised for a Redis that is new.
  var hasNewInstances: Bool { shared.withLock { !$0.newInstances.isEmpty } }

  /// Whether Redis has had the node's lease once.
  var hasHeldLease: Bool {
    get { heldLease.load(ordering: .relaxed) }
    set { heldLease.store(newValue, ordering: .relaxed) }
  }

  /// A client more, which is down. Returns its number.
  func addClient(_ place: String) -> Int {
    var number = 0
    tell { shared in
      number = shared.clients
      shared.clients += 1
      shared.phases[number] = (place, .down)
      return settle(&shared, nil)
    }
    return number
  }

  /// A client less: its Redis is not used any more.
  func removeClient(_ number: Int) {
    tell { shared in
      if let place = shared.phases.removeValue(forKey: number)?.place,
        !shared.phases.values.contains(where: { $0.place == place })
      {
        shared.instances[place] = nil
        shared.newInstances[place] = nil
      }
      return settle(&shared, nil)
    }
  }

  /// A loop's phase. When this returns, a phase other than `up` has made the node stop believing.
  func report(_ loop: Int, _ phase: CacheState.Phase, _ reason: OutageReason?) {
    tell { shared in
      shared.phases[loop]?.phase = phase
      return settle(&shared, reason)
    }
  }

  /// A loop's first attempt to connect is over, or it is on its way: nobody needs to wait for it.
  func attempted() {
    let starters = shared.withLock { shared -> [@Sendable () -> Void] in
      shared.untried -= 1
      return shared.untried == 0 ? Self.take(&shared.starters) : []
    }
    for starter in starters { starter() }
  }

  /// Calls `body` once, when the cache is believed or no loop is left that may make it so soon. Maybe at once.
  func whenStarted(_ body: @escaping @Sendable () -> Void) {
    let isOver = shared.withLock { shared in
      guard shared.untried > 0, !state.isBelieved else { return true }
      shared.starters.append(body)
      return false
    }
    if isOver { body() }
  }

  /// Makes a loop the one that renews the epoch; from now on the cache is not believed.
  ///
  /// - Returns: `false` if another loop is at it; then every loop is told when that ends.
  func beginRenewal(_ loop: Int, _ reason: OutageReason?) -> Bool {
    var isGranted = false
    tell { shared in
      guard shared.renewer == nil else { return nil }
      shared.renewer = loop
      shared.renewing = shared.newInstances
      isGranted = true
      return settle(&shared, reason)
    }
    return isGranted
  }

  /// The renewing client has got an epoch, or nothing. The caller tells the loops.
  func endRenewal(_ epoch: Int64?, raised: Bool) {
    tell { shared in
      if let epoch {
        epochCell.store(epoch, ordering: .sequentiallyConsistent)
        for (place, instance) in shared.renewing where raised {
          // The others are connected to what was there before; they will find out and connect anew.
          for (number, client) in shared.phases where client.place == place && number != shared.renewer {
            shared.phases[number]?.phase = .down
          }
          shared.instances[place] = instance
          if shared.newInstances[place] == instance { shared.newInstances[place] = nil }
        }
      }
      shared.renewer = nil
      return settle(&shared, nil)
    }
  }

  /// Brings the belief in line with the rest.
  private func settle(_ shared: inout Shared, _ reason: OutageReason?) -> OutageLog.Line? {
    var phase = shared.phases.values.map(\.phase).min { $0.rawValue < $1.rawValue } ?? .down
    if phase == .up, shared.renewer != nil || epoch == 0 { phase = .catchingUp }
    let before = belief
    if before & 3 != UInt64(phase.rawValue) {
      beliefCell.store((before >> 2 &+ 1) << 2 | UInt64(phase.rawValue), ordering: .sequentiallyConsistent)
      if phase == .up {
        shared.reason = nil
        return shared.outage.regained()
      }
    }
    guard phase != .up, let reason else { return nil }
    shared.reason = reason
    return shared.outage.lost(reason)
  }

  /// Changes the shared state, then does what must not happen under the mutex.
  private func tell(_ change: (inout Shared) -> OutageLog.Line?) {
    let (line, starters) = shared.withLock { shared in
      let line = change(&shared)
      return (line, state.isBelieved ? Self.take(&shared.starters) : [])
    }
    for starter in starters { starter() }
    switch line {
    case .began(let reason):
      log.warning("the cache is not believed", ["reason": "\(reason)", "address": "\(location)"])
    case .refusing(let reason):
      log.warning("the cache is still not believed", ["reason": "\(reason)", "address": "\(location)"])
    case .ended(let duration):
      log.info(
        "the cache is believed again",
        ["after": "\(Int(duration / .milliseconds(1)))ms", "epoch": "\(epoch)"])
    case nil: break
    }
  }

  private static func take(_ starters: inout [@Sendable () -> Void]) -> [@Sendable () -> Void] {
    defer { starters = [] }
    return starters
  }
}
