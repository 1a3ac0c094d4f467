import CEpoll
import Glibc

extension EventLoop {
  /// Runs `job` on the loop, after everything that was posted before it. Any thread.
  ///
  /// Wake-ups coalesce: between two looks of the loop into its inbox only the first post wakes it.
  public func post(_ job: @escaping @Sendable () -> Void) {
    if isCurrent {
      postedHere.append(job)
      return
    }
    let wakes = inbox.withLock { inbox in
      inbox.closures.append(job)
      defer { inbox.isWoken = true }
      return !inbox.isWoken
    }
    if wakes { wake() }
  }

  /// A job from a foreign thread.
  func postJob(_ job: LoopJob) {
    let wakes = inbox.withLock { inbox in
      inbox.jobs.append(job)
      defer { inbox.isWoken = true }
      return !inbox.isWoken
    }
    if wakes { wake() }
  }

  func wake() {
    // It cannot fail but by a full counter, and then the loop is woken anyway.
    eventfd_write(wakeUp, 1)
  }

  /// After a wake-up: what other threads left becomes this tick's work.
  func takeInbox() {
    var count: eventfd_t = 0
    eventfd_read(wakeUp, &count)
    var taken = Inbox()
    inbox.withLock { swap(&$0, &taken) }
    for job in taken.jobs { ring.append(job) }
    if postedHere.isEmpty {
      postedHere = taken.closures
    } else {
      postedHere.append(contentsOf: taken.closures)
    }
  }

  /// Runs what is posted now; what it posts itself waits for the next tick.
  func runPosted() {
    guard !postedHere.isEmpty else { return }
    var running: [@Sendable () -> Void] = []
    swap(&running, &postedHere)
    for job in running { job() }
    if postedHere.isEmpty {
      running.removeAll(keepingCapacity: true)
      postedHere = running
    }
  }
}
