/// Runs tasks on a loop, and tells while one of them is running: see ``LoopMark``. Any thread, and for as long as the loop:
/// tasks hold on to neither.
public final class MarkedExecutor: TaskExecutor, Sendable {
  /// The loop.
  public let loop: EventLoop
  /// Which part of the program the tasks are, 1…65,535.
  public let mark: UInt16

  /// An executor for the tasks of one part of the program.
  public init(loop: EventLoop, mark: UInt16) {
    self.loop = loop
    self.mark = mark
  }

  /// Takes a job, as the loop does itself.
  public func enqueue(_ job: consuming ExecutorJob) {
    loop.enqueue(LoopJob(job: UnownedJob(job), executor: asUnownedTaskExecutor(), mark: mark))
  }

  /// Resumes a task of this executor's, as `EventLoop.resumeAtOnce` does.
  public func resumeAtOnce(_ task: UnsafeContinuation<Void, Never>) { loop.resumeAtOnce(task) }

  /// Starts a task on the loop without a hop, as `EventLoop.runTask` does. The loop's thread.
  @discardableResult
  public func runTask(_ operation: sending @escaping @isolated(any) () async -> Void) -> Task<Void, Never> {
    assert(loop.isCurrent, "a task is started on its loop's thread")
    return Task.immediate(executorPreference: self, operation: operation)
  }
}
