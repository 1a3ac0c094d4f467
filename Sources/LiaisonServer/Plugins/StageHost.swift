import EventLoop
@_spi(Server) import LiaisonKit

/// One plugin's stage on one loop: its tasks, which are used again and again, and the time of the calls that it has. Belongs to
/// the loop's thread.
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
  /// What stands behind the stage; `nil` until it has had a call.
  private var rest: Pipeline?
  /// All that have a task, each at its place.
  private var runs: [StageRun] = []
  /// The first of those without a call, linked by their ``StageRun/nextIdle``: the one that was busy last is first to its next
  /// call. An array would count a reference, and look after its buffer, twice a call.
  @exclusivity(unchecked) private var idle: Unmanaged<StageRun>?
  private var idleCount = 0
  /// For the run whose time ended first when it was set. It is not moved when that one leaves: those that are in time, which is
  /// nearly all, pay nothing for it.
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
  ///
  /// - Parameter rest: what stands behind the stage, asked for with the first call: it has one place in one pipeline.
  func begin(
    _ call: Call, before rest: @autoclosure () -> Pipeline,
    _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) {
    guard let run = idle else { return add(before: rest()).begin(call, reply) }
    run._withUnsafeGuaranteedRef {
      idle = $0.nextIdle
      idleCount &-= 1
      $0.begin(call, reply)
    }
  }

  private func add(before rest: @autoclosure () -> Pipeline) -> StageRun {
    let rest = self.rest ?? rest()
    self.rest = rest
    let run = StageRun(self, place: runs.count, before: rest)
    runs.append(run)
    return run
  }

  /// Takes a task back that has no call any more.
  ///
  /// - Returns: `false` if there are enough: it is to end.
  func keep(_ run: StageRun) -> Bool {
    guard idleCount < Self.mostIdle else { return false }
    run.nextIdle = idle
    idle = .passUnretained(run)
    idleCount &+= 1
    return true
  }

  /// A run's task ends.
  func remove(_ run: StageRun) {
    let last = runs.removeLast()
    guard last !== run else { return }
    last.place = run.place
    runs[run.place] = last
  }

  /// A run's time begins.
  func arm(_ run: StageRun) {
    run.due = loop.nearlyNow &+ budget
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
    run.isArmed = false
    return loop.nearlyNow < run.due
  }

  private func schedule(at due: UInt64) {
    let now = loop.now
    let delay = Duration.nanoseconds(Int64(clamping: due > now ? due - now : 0))
    // The timer ends with this object. A weak reference would make each of the others slower.
    timer = loop.schedule(after: delay) { [unowned(unsafe) self] in expire() }
  }

  private func expire() {
    let now = EventLoop.monotonic()
    for run in runs where run.isArmed && run.due <= now {
      run.isArmed = false
      run.abandon()
    }
    timer = nil
    if let due = runs.lazy.filter(\.isArmed).map(\.due).min() { schedule(at: due) }
  }
}
