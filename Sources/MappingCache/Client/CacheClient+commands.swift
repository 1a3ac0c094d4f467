import ContextModel
import EventLoop
import LiaisonKit

extension CacheClient {
  /// Sends a committed change at the end of the tick; `waiter` is called when it is answered or overdue. Only if
  /// ``accepts(_:)``.
  func write(_ service: CachedService, _ epoch: Int64, _ waiter: @escaping () -> Void) {
    gather(GatheredWrite(service: service, origin: .change(waiter)), epoch)
  }

  /// A change that cannot be sent: its newest state is replayed later.
  func skip(_ id: ServiceID) {
    node.metrics.skipped.add()
    miss(id, .missed)
  }

  /// A change whose epoch has passed: its newest state is replayed at once. Other nodes may believe an entry of the
  /// new epoch that is older, so `waiter` waits for the replay, if Redis answers at all.
  func park(_ id: ServiceID, until deadline: UInt64, _ waiter: @escaping () -> Void) {
    miss(id, .epoch)
    guard isAnswering else {
      node.metrics.failed.add()
      waiter()
      return
    }
    parked.append(ParkedWrite(deadline: deadline, waiter: waiter))
    if deadlineTimer == nil { watchDeadline(after: options.wait) }
  }

  /// Lets go of all that are parked.
  func unpark(_ result: Counter) {
    guard !parked.isEmpty else { return }
    let released = parked
    parked = []
    for write in released {
      result.add()
      write.waiter()
    }
  }

  /// When a command that is sent now is overdue.
  ///
  /// Not from the beginning of the tick: what else the tick has done is no slowness of Redis.
  var deadline: UInt64 { loop.nearlyNow &+ EventLoop.coarseness &+ options.wait.nanoseconds }

  /// Asks for an entry; `waiter` is called when it is answered or overdue. Only if ``accepts(_:)``.
  func read(
    _ id: ServiceID, _ tenant: Tenant, _ epoch: Int64, _ belief: UInt64,
    _ waiter: @escaping (CacheRead) -> Void
  ) {
    writer.read(id)
    if send(.read(id, tenant, belief: belief, waiter), epoch) { return }
    node.metrics.bypasses.add()
    waiter(.bypass)
  }

  /// Sends what a call has read from the store. Only if ``accepts(_:)``; it gives way to calls that wait.
  func fill(_ service: CachedService, _ epoch: Int64) {
    guard pending.weight < options.outstandingLimit / 4, pending.size < options.outstandingBytesLimit / 4
    else { return }
    gather(GatheredWrite(service: service, origin: .fill), epoch)
  }

  /// Sends the command in ``writer`` on the protocol's own behalf.
  func control(_ body: @escaping (RedisReply?) -> Void) {
    if !send(.control(body), node.epoch) { body(nil) }
  }

  /// Sends the command in ``writer``.
  func send(_ purpose: PendingCommand.Purpose, _ epoch: Int64) -> Bool {
    guard let connection, writer.withCommand({ connection.send($0) }) else { return false }
    pending.append(
      PendingCommand(purpose: purpose, epoch: epoch, deadline: deadline, size: writer.count))
    if deadlineTimer == nil { watchDeadline(after: options.wait) }
    return true
  }

  /// One timer for all commands. It only notes that it is time: when the loop itself was late, the answers are
  /// here already and are read before the end of the tick.
  private func watchDeadline(after delay: Duration) {
    deadlineTimer = loop.schedule(after: delay) { [weak self] in
      guard let self else { return }
      self.deadlineTimer = nil
      self.mustCheckDeadlines = true
      self.loop.atEndOfTick(self)
    }
  }

  func checkDeadlines() {
    mustCheckDeadlines = false
    let now = loop.now
    var due = overdue
    while due < pending.count, pending[due].deadline <= now { due += 1 }
    if due > overdue {
      // First of all the whole node stops believing; then those who wait may go on.
      report(.down, .slow)
      let first = overdue
      overdue = due
      for index in first..<due { expire(index) }
    }
    let late = parked.filter { $0.deadline <= now }
    if !late.isEmpty {
      parked.removeAll { $0.deadline <= now }
      for write in late {
        node.metrics.late.add()
        write.waiter()
      }
    }
    guard deadlineTimer == nil, let next = nextDeadline(now) else { return }
    watchDeadline(after: .nanoseconds(Int64(max(1_000_000, next &- min(now, next)))))
  }

  /// When to look at the deadlines again. Gives up a Redis that has been silent for too long.
  private func nextDeadline(_ now: UInt64) -> UInt64? {
    var next = parked.map(\.deadline).min() ?? .max
    if !pending.isEmpty {
      let silence = options.silenceLimit.nanoseconds
      let wait = options.wait.nanoseconds
      let silentAt = pending[0].deadline &+ (silence > wait ? silence - wait : 0)
      if silentAt <= now { closeSoon(.away("Redis was silent for \(options.silenceLimit)")) }
      next = min(next, silentAt)
    }
    if overdue < pending.count { next = min(next, pending[overdue].deadline) }
    return next == .max ? nil : next
  }

  /// Lets go of who waits for a command. The command stays: its answer says whether the write was missed.
  private func expire(_ index: Int) {
    switch pending[index].purpose {
    case .writes(var writes, let byText):
      for place in writes.indices {
        guard case .change(let waiter?) = writes[place].origin else { continue }
        writes[place].origin = .change(nil)
        node.metrics.late.add()
        waiter()
      }
      pending[index].purpose = .writes(writes, byText: byText)
    case .read(let id, let tenant, let belief, let waiter?):
      pending[index].purpose = .read(id, tenant, belief: belief, nil)
      node.metrics.bypasses.add()
      waiter(.bypass)
    case .read, .remove, .control: break
    }
  }
}
