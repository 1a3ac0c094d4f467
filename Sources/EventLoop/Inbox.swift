import Glibc

/// What other threads left for a loop.
struct Inbox {
  var closures: [@Sendable () -> Void] = []
  var jobs: [LoopJob] = []
  /// Whether the loop was already woken for what lies here.
  var isWoken = false
}

/// An inbox and its lock. Any thread.
///
/// A pthread mutex, since the thread sanitizer knows it and not the one of `Synchronization`.
final class LockedInbox: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var inbox = Inbox()

  init() { pthread_mutex_init(mutex, nil) }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func withLock<Result>(_ body: (inout Inbox) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&inbox)
  }
}
