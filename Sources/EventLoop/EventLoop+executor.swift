extension EventLoop {
  /// Takes a job of a task that prefers this loop: from the loop itself it goes into the loop's own ring, from
  /// anywhere else it is posted. Any thread.
  public func enqueue(_ job: consuming ExecutorJob) {
    enqueue(LoopJob(job: UnownedJob(job), executor: asUnownedTaskExecutor(), mark: 0))
  }

  func enqueue(_ job: LoopJob) {
    guard isCurrent else { return postJob(job) }
    guard runsAtOnce else { return ring.append(job) }
    runsAtOnce = false
    run(job)
  }

  /// Resumes a task that prefers this loop; it goes on before this returns, until it waits again. The loop's thread, and
  /// nothing that the task may want to have is locked.
  public func resumeAtOnce(_ task: UnsafeContinuation<Void, Never>) {
    assert(isCurrent, "a task goes on on its loop's thread")
    runsAtOnce = true
    task.resume()
    // A task that does not wait yet goes on by itself.
    runsAtOnce = false
  }

  /// Starts a task on this loop without a hop: `operation` runs at once up to its first suspension, and every
  /// resumption comes back to this loop.
  @inlinable @inline(__always)
  @discardableResult
  public func runTask(_ operation: sending @escaping @isolated(any) () async -> Void) -> Task<Void, Never> {
    assert(isCurrent, "a task is started on its loop's thread")
    return Task.immediate(executorPreference: self, operation: operation)
  }

  func runJobs(atMost limit: Int) {
    var count = 0
    while count < limit, let job = ring.popFirst() {
      run(job)
      count += 1
    }
  }

  @inline(__always)
  func run(_ job: LoopJob) {
    guard job.mark > 0 else { return job.job.runSynchronously(on: job.executor) }
    mark.enter(job.mark)
    job.job.runSynchronously(on: job.executor)
    mark.leave()
  }
}
