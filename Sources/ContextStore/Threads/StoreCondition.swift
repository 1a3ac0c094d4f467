import ContextModel
import EventLoop
import Synchronization

/// Whether commits succeed, as the commit threads find out, and who is to hear of it. Any thread.
final class StoreCondition: Sendable {
  private struct State {
    var health = StoreHealth.up
    /// When commits began to fail; `nil` while they succeed.
    var failingSince: UInt64?
    /// The services of changes that have failed and may be kept all the same, and who is to be told once the store works again:
    /// by then it is settled.
    var doubtful: (services: [ServiceID], audience: any CommitAudience)?
  }

  private let state = Mutex(State())
  private let loops: [EventLoop]
  private let notice: @Sendable (StoreNotice) -> Void

  init(_ loops: [EventLoop], _ notice: @escaping @Sendable (StoreNotice) -> Void) {
    self.loops = loops
    self.notice = notice
  }

  var health: StoreHealth { state.withLock { $0.health } }
  var isFailing: Bool { state.withLock { $0.failingSince != nil } }

  /// Something was kept.
  func succeeded() {
    let ended = state.withLock { state -> (UInt64, doubtful: (services: [ServiceID], any CommitAudience)?)? in
      guard let since = state.failingSince.take() else { return nil }
      state.health = .up
      return (since, state.doubtful.take())
    }
    guard let (since, doubtful) = ended else { return }
    if let (services, audience) = doubtful { loops[0].post { audience.doubt(services) } }
    notice(.recovered(afterMilliseconds: Int64((monotonicNanoseconds() - since) / 1_000_000)))
  }

  /// Something could not be kept.
  func failed(_ error: StoreError) {
    let isNew = state.withLock { state in
      guard state.failingSince == nil else { return false }
      state.failingSince = monotonicNanoseconds()
      state.health = .failing(since: .now, reason: error.description)
      return true
    }
    if isNew { notice(.failing(reason: error.description)) }
  }

  /// Nobody could tell whether these calls were kept with that batch.
  func doubt(_ calls: [PendingDecision], _ batch: Batch) {
    guard let audience = calls.lazy.compactMap(\.audience).first else { return }
    let keys = batch.puts.map(\.key) + batch.deletions
    let services = keys.compactMap { $0.kind == .service ? ServiceID($0.service) : nil }
    state.withLock { $0.doubtful = (($0.doubtful?.services ?? []) + services, audience) }
  }
}
