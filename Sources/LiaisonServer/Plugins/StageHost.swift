import EventLoop
@_spi(Server) import LiaisonKit

/// One plugin's stage on one loop: its tasks, which are used again and again, and the calls that it has, in the order in
/// which their time ends. That is the order in which it got them, for all have the same time; so a timer is needed for the
/// oldest one alone. Belongs to the loop's thread.
final class StageHost: @unchecked Sendable {
  /// Has this.
  unowned(unsafe) let owner: PluginStage
  let stage: any Middleware
  let executor: MarkedExecutor
  // Its, at hand.
  private let loop: EventLoop
  private let loopMark: LoopMark
  private let mark: UInt16
  /// Nanoseconds, with those by which the clock that is read may be behind.
  private let budget: UInt64
  /// The tasks without a call, as a list by `older`: the one that was busy last comes first.
  private unowned(unsafe) var idle: StageRun?
  private var idleCount = 0
  /// The ends of a list of runs, which their tasks keep alive while they are in it.
  private unowned(unsafe) var oldest: StageRun?
  private unowned(unsafe) var newest: StageRun?
  private var timer: Timer?

  /// More tasks than this are ended when they have nothing to do.
  private static let mostIdle = 512

  init(_ owner: PluginStage, budget: Duration, on executor: MarkedExecutor) {
    self.owner = owner
    stage = owner.stage
    self.executor = executor
    loop = executor.loop
    loopMark = loop.mark
    mark = executor.mark
    self.budget = budget.nanoseconds &+ EventLoop.coarseness
  }

  deinit { timer?.cancel() }

  /// Hands a call to the stage.
  func begin(
    _ call: Call, _ next: Next, _ rest: Pipeline?, _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) {
    guard let run = idle else { return StageRun(self).begin(call, next, rest, reply) }
    idle = run.older
    idleCount -= 1
    run.begin(call, next, rest, reply)
  }

  /// Takes a task back that has no call any more.
  ///
  /// - Returns: `false` if there are enough: it ends.
  func keep(_ run: StageRun) -> Bool {
    guard idleCount < Self.mostIdle else { return false }
    idleCount += 1
    run.older = idle
    idle = run
    return true
  }

  /// A run's time begins.
  func arm(_ run: StageRun) {
    run.due = loop.nearlyNow &+ budget
    run.older = newest
    run.newer = nil
    if let newest { newest.newer = run } else { oldest = run }
    newest = run
    run.isArmed = true
    if timer == nil { schedule(at: run.due) }
  }

  /// A run's code goes on, and its time begins again.
  func goOn(_ run: StageRun) {
    arm(run)
    loopMark.enter(mark)
  }

  /// A run's code is left, and its time ends. What runs next on the thread is not the stage's.
  ///
  /// - Returns: whether the time was kept.
  func leave(_ run: StageRun) -> Bool {
    loopMark.leave()
    remove(run)
    return loop.nearlyNow < run.due
  }

  private func remove(_ run: StageRun) {
    guard run.isArmed else { return }
    run.isArmed = false
    if let older = run.older { older.newer = run.newer } else { oldest = run.newer }
    if let newer = run.newer { newer.older = run.older } else { newest = run.older }
  }

  private func schedule(at due: UInt64) {
    let now = loop.now
    let delay = Duration.nanoseconds(Int64(clamping: due > now ? due - now : 0))
    // The timer ends with this object. A weak reference would make each of the others slower.
    timer = loop.schedule(after: delay) { [unowned(unsafe) self] in expire() }
  }

  private func expire() {
    timer = nil
    let now = EventLoop.monotonic()
    while let run = oldest, run.due <= now {
      remove(run)
      run.abandon()
    }
    if let oldest { schedule(at: oldest.due) }
  }
}
