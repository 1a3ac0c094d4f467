import Glibc

/// A thread that runs one body to its end. Made, started and joined, or let go, by one owner.
final class StoreThread: @unchecked Sendable {
  private var thread = pthread_t()
  private var isJoined = false

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - name: at most 15 bytes: what `top -H` shows.
  ///   - yields: whether others go first where processors are scarce: replies wait for them.
  init(named name: String, yields: Bool = false, _ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(Body(name: name, yields: yields, run: body)).toOpaque()
    let failure = pthread_create(
      &thread, nil,
      { context in
        let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
        nameThisThread(body.name)
        // On Linux a thread has a niceness of its own. That it cannot be changed harms nobody.
        if body.yields { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 15) }
        body.run()
        return nil
      }, context)
    precondition(failure == 0, "no thread for the store: \(String(cString: strerror(failure)))")
  }

  /// Waits until the body has ended. Without effect the second time.
  func join() {
    guard !isJoined else { return }
    pthread_join(thread, nil)
    isJoined = true
  }

  /// Lets the thread go: nobody waits for it.
  func detach() {
    pthread_detach(thread)
    isJoined = true
  }

  private final class Body {
    let name: String
    let yields: Bool
    let run: @Sendable () -> Void

    init(name: String, yields: Bool, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.yields = yields
      self.run = run
    }
  }
}

/// Glibc's call for this is hidden from Swift. That a name is missing harms nobody.
private func nameThisThread(_ name: String) {
  let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return }
  _ = write(descriptor, name, name.utf8.count)
  close(descriptor)
}
