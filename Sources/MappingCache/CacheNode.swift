import LiaisonKit
import Synchronization

/// What the loops of a node share: whether the cache is believed, the epoch, and whose turn it is to renew it.
/// Any thread; the mutex is taken when something changes, never by a read or write that goes well.
final class CacheNode: Sendable {
  let metrics = CacheMetrics()
  let writes = WriteClock()

  private struct Shared {
    /// Each loop's own phase.
    var phases: [CacheState.Phase]
    /// Which Redis, in which life, the epoch was read from.
    var instance: String?
    /// The loop that renews the epoch.
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
  private let address: RedisLocation
  private let log: Log

  init(loops: Int, address: RedisLocation, log: Log) {
    shared = Mutex(Shared(phases: Array(repeating: .down, count: loops), untried: loops))
    self.address = address
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

  /// Which Redis the epoch belongs to.
  var instance: String? { shared.withLock { $0.instance } }

  /// A loop's phase. When this returns, a phase other than `up` has made the node stop believing.
  func report(_ loop: Int, _ phase: CacheState.Phase, _ reason: OutageReason?) {
    tell { shared in
      shared.phases[loop] = phase
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
      isGranted = true
      return settle(&shared, reason)
    }
    return isGranted
  }

  /// The renewing loop has read `epoch` from `instance`, or nothing. The caller tells the loops.
  func endRenewal(_ result: (epoch: Int64, instance: String)?) {
    tell { shared in
      if let result {
        if result.instance != shared.instance {
          // The others are connected to what was there before; they will find out and connect anew.
          for loop in shared.phases.indices where loop != shared.renewer { shared.phases[loop] = .down }
        }
        epochCell.store(result.epoch, ordering: .sequentiallyConsistent)
        shared.instance = result.instance
      }
      shared.renewer = nil
      return settle(&shared, nil)
    }
  }

  /// Brings the belief in line with the rest.
  private func settle(_ shared: inout Shared, _ reason: OutageReason?) -> OutageLog.Line? {
    var phase = shared.phases.min { $0.rawValue < $1.rawValue } ?? .down
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
      log.warning("the cache is not believed", ["reason": "\(reason)", "address": "\(address)"])
    case .refusing(let reason):
      log.warning("the cache is still not believed", ["reason": "\(reason)", "address": "\(address)"])
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
