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
  let log: Log
  /// Nanoseconds.
  private let budget: UInt64
  private var idle: [StageRun] = []
  /// The ends of a list of runs, which their tasks keep alive while they are in it.
  private unowned(unsafe) var oldest: StageRun?
  private unowned(unsafe) var newest: StageRun?
  private var timer: Timer?

  /// More tasks than this are ended when they have nothing to do.
  private static let mostIdle = 512

  init(_ owner: PluginStage, budget: Duration, on executor: MarkedExecutor, log: Log) {
    self.owner = owner
    stage = owner.stage
    self.executor = executor
    self.log = log
    self.budget = budget.nanoseconds
  }

  deinit { timer?.cancel() }

  /// Hands a call to the stage.
  func begin(
    _ call: Call, _ next: Next, _ rest: Pipeline?, _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) {
    (idle.popLast() ?? StageRun(self)).begin(call, next, rest, reply)
  }

  /// Takes a task back that has no call any more.
  ///
  /// - Returns: `false` if there are enough: it ends.
  func keep(_ run: StageRun) -> Bool {
    guard idle.count < Self.mostIdle else { return false }
    idle.append(run)
    return true
  }

  /// A run's time begins.
  func arm(_ run: StageRun) {
    run.due = EventLoop.monotonic() &+ budget
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
    executor.loop.mark.enter(executor.mark)
  }

  /// A run's code is left, and its time ends. What runs next on the thread is not the stage's.
  ///
  /// - Returns: whether the time was kept.
  func leave(_ run: StageRun) -> Bool {
    executor.loop.mark.leave()
    remove(run)
    return EventLoop.monotonic() < run.due
  }

  private func remove(_ run: StageRun) {
    guard run.isArmed else { return }
    run.isArmed = false
    if let older = run.older { older.newer = run.newer } else { oldest = run.newer }
    if let newer = run.newer { newer.older = run.older } else { newest = run.older }
  }

  private func schedule(at due: UInt64) {
    let now = executor.loop.now
    let delay = Duration.nanoseconds(Int64(clamping: due > now ? due - now : 0))
    // The timer ends with this object. A weak reference would make each of the others slower.
    timer = executor.loop.schedule(after: delay) { [unowned(unsafe) self] in expire() }
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
