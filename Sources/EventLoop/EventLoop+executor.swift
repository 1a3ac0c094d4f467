extension EventLoop {
  /// Takes a job of a task that prefers this loop: from the loop itself it goes into the loop's own ring, from
  /// anywhere else it is posted. Any thread.
  public func enqueue(_ job: consuming ExecutorJob) {
    enqueue(LoopJob(job: UnownedJob(job), marked: nil))
  }

  func enqueue(_ job: LoopJob) {
    if isCurrent {
      ring.append(job)
    } else {
      postJob(job)
    }
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
    if let marked = job.marked {
      mark.enter(marked.mark)
      job.job.runSynchronously(on: marked.asUnownedTaskExecutor())
      mark.leave()
    } else {
      job.job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}
