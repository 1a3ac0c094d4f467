import Synchronization

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

/// What a loop's thread is doing, as far as it says so. Set by that thread, read by any.
public final class LoopMark: Sendable {
  /// The number of the turn, and in the lowest 16 bits the part of the program that has it: 0 for none that is marked.
  private let word = Atomic<UInt64>(0)

  /// What the thread does now: a value that stays the same for long belongs to a part that does not let go.
  public var now: (turn: UInt64, mark: UInt16) {
    let word = word.load(ordering: .relaxed)
    return (word >> 16, UInt16(truncatingIfNeeded: word))
  }

  /// A part's code begins to run. Loop thread only.
  public func enter(_ mark: UInt16) {
    let turn = (word.load(ordering: .relaxed) >> 16) &+ 1
    word.store(turn << 16 | UInt64(mark), ordering: .relaxed)
  }

  /// Other code runs. Loop thread only.
  public func leave() {
    word.store(word.load(ordering: .relaxed) & ~0xFFFF, ordering: .relaxed)
  }
}

/// A job and, if it is a marked one, its executor.
struct LoopJob {
  let job: UnownedJob
  /// Lives as long as the loop.
  unowned(unsafe) let marked: MarkedExecutor?
}
