import Glibc

/// A lock with a condition: what threads share is changed inside, and waits for what others change.
/// Every method may be called on any thread.
final class Monitor: @unchecked Sendable {
  // Both owned by this object.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` while nobody else is inside.
  func locked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Lets others in until one of them notifies. Inside only.
  func wait() { pthread_cond_wait(condition, mutex) }

  /// Lets others in until one of them notifies or the time is over. Inside only.
  ///
  /// - Returns: whether the time is over.
  func wait(untilNanoseconds deadline: UInt64) -> Bool {
    var time = timespec(
      tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
    return pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT
  }

  /// Wakes one of those that wait.
  func notifyOne() { pthread_cond_signal(condition) }

  /// Wakes all that wait.
  func notifyAll() { pthread_cond_broadcast(condition) }
}
