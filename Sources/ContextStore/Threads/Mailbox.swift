import Glibc

/// A queue between the loops and the threads that work for them: whoever takes gets everything there is.
/// Every method may be called on any thread.
final class Mailbox<Element: Sendable>: @unchecked Sendable {
  /// What a wait brought.
  enum Taken {
    /// At least one element.
    case some
    /// The time was over.
    case nothing
    /// Nothing is there and nothing will come.
    case closed
  }

  // Both owned by this object; everything below is guarded by the mutex.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let arrival: UnsafeMutablePointer<pthread_cond_t>
  private var queue: [Element] = []
  private var sleepers = 0
  private var isClosed = false

  init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    arrival = .allocate(capacity: 1)
    arrival.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(arrival, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(arrival)
    arrival.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Puts elements behind those that wait, and wakes a taker only if one sleeps. `false` if the box is closed.
  func append(_ elements: [Element]) -> Bool {
    pthread_mutex_lock(mutex)
    let accepted = !isClosed
    if accepted { queue.append(contentsOf: elements) }
    let wakes = accepted && sleepers > 0
    pthread_mutex_unlock(mutex)
    if wakes { pthread_cond_signal(arrival) }
    return accepted
  }

  /// Waits until there is something, and takes it.
  ///
  /// - Parameters:
  ///   - batch: must be empty; what is taken, oldest first. Its storage is used again.
  ///   - limit: takes no more than these.
  ///   - timeout: in milliseconds; `nil` for as long as it takes.
  func take(into batch: inout [Element], atMost limit: Int, timeout: Int? = nil) -> Taken {
    let deadline = timeout.map { timespec.monotonic(afterMilliseconds: $0) }
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while queue.isEmpty {
      if isClosed { return .closed }
      sleepers += 1
      var result: Int32 = 0
      if var deadline {
        result = pthread_cond_timedwait(arrival, mutex, &deadline)
      } else {
        pthread_cond_wait(arrival, mutex)
      }
      sleepers -= 1
      if result == ETIMEDOUT, queue.isEmpty { return isClosed ? .closed : .nothing }
    }
    if queue.count <= limit {
      swap(&queue, &batch)
    } else {
      batch.append(contentsOf: queue[..<limit])
      queue.removeFirst(limit)
      // The rest is for another taker, if there is one.
      if sleepers > 0 { pthread_cond_signal(arrival) }
    }
    return .some
  }

  /// Takes nothing more in. What is there can still be taken.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_mutex_unlock(mutex)
    pthread_cond_broadcast(arrival)
  }
}

extension timespec {
  fileprivate static func monotonic(afterMilliseconds milliseconds: Int) -> timespec {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let nanoseconds = time.tv_nsec + milliseconds % 1000 * 1_000_000
    time.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
    time.tv_nsec = nanoseconds % 1_000_000_000
    return time
  }
}
