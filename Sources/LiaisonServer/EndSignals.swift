import Glibc

/// The signals that end the server: SIGTERM and SIGINT. Blocked in every thread, so that only ``next()`` takes them.
struct EndSignals: Sendable {
  private let set: sigset_t

  /// Blocks the signals in this thread and all that it starts from now on.
  init() {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    pthread_sigmask(SIG_BLOCK, &set, nil)
    self.set = set
  }

  /// Waits for one of them; its name.
  func next() async -> String {
    let set = set
    return await withCheckedContinuation { continuation in
      // A thread of its own: waiting for a signal blocks.
      let waiter = Waiter(set: set, continuation: continuation)
      var thread = pthread_t()
      let failure = pthread_create(
        &thread, nil,
        { context in
          Unmanaged<Waiter>.fromOpaque(context!).takeRetainedValue().wait()
          return nil
        }, Unmanaged.passRetained(waiter).toOpaque())
      precondition(failure == 0, "no thread to wait for signals")
      pthread_detach(thread)
    }
  }

  private final class Waiter {
    var set: sigset_t
    let continuation: CheckedContinuation<String, Never>

    init(set: sigset_t, continuation: CheckedContinuation<String, Never>) {
      self.set = set
      self.continuation = continuation
    }

    func wait() {
      var signal: Int32 = 0
      while sigwait(&set, &signal) != 0 {}
      continuation.resume(returning: signal == SIGINT ? "SIGINT" : "SIGTERM")
    }
  }
}
