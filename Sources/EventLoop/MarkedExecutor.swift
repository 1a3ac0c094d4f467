/// Runs tasks on a loop, and tells while one of them is running: see ``LoopMark``. Any thread, and for as long as the loop:
/// tasks hold on to neither.
public final class MarkedExecutor: TaskExecutor, @unchecked Sendable {
  /// The loop.
  public let loop: EventLoop
  /// Which part of the program the tasks are, 1…65,535.
  public let mark: UInt16
  /// Whether the next job does not wait for its turn. The loop's thread.
  private var runsAtOnce = false

  /// An executor for the tasks of one part of the program.
  public init(loop: EventLoop, mark: UInt16) {
    self.loop = loop
    self.mark = mark
  }

  /// Takes a job, as the loop does itself.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = LoopJob(job: UnownedJob(job), marked: self)
    if loop.isCurrent, runsAtOnce {
      runsAtOnce = false
      loop.run(job)
    } else {
      loop.enqueue(job)
    }
  }

  /// Resumes a task of this executor's; it goes on before this returns, until it waits again. The loop's thread, and
  /// nothing that the task may want to have is locked.
  public func resumeAtOnce(_ task: UnsafeContinuation<Void, Never>) {
    assert(loop.isCurrent, "a task goes on on its loop's thread")
    runsAtOnce = true
    task.resume()
    // A task that does not wait yet goes on by itself.
    runsAtOnce = false
  }

  /// Starts a task on the loop without a hop, as `EventLoop.runTask` does. The loop's thread.
  @discardableResult
  public func runTask(_ operation: sending @escaping @isolated(any) () async -> Void) -> Task<Void, Never> {
    assert(loop.isCurrent, "a task is started on its loop's thread")
    return Task.immediate(executorPreference: self, operation: operation)
  }
}
