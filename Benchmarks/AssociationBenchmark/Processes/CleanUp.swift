import Foundation
import Synchronization

/// What must not outlive the benchmark: the processes it started and its temporary folder. Ends them once,
/// whether the benchmark finishes, fails or is interrupted, and touches no process that it did not start.
/// Safe from any thread.
enum CleanUp {
  private struct Left {
    var processes: [pid_t] = []
    var folder: String?
    var done = false
  }

  private static let left = Mutex(Left())

  /// Blocks the signals that end a program in all threads to come, and starts the thread that waits for them.
  /// SIGCHLD is blocked too, so that the end of a child can be waited for with a time limit. Call first
  /// thing.
  static func install() {
    signal(SIGPIPE, SIG_IGN)
    var blocked = ending
    sigaddset(&blocked, SIGCHLD)
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    Thread.detachNewThread {
      var awaited = ending
      var received: Int32 = 0
      while sigwait(&awaited, &received) != 0 {}
      FileHandle.standardError.write(Data("\ninterrupted: ending what was started\n".utf8))
      run()
      _exit(128 + received)
    }
  }

  /// Remembers a child to end. The children stay unreaped until they are ended here, so a pid is never reused
  /// meanwhile.
  static func add(process: pid_t) { left.withLock { $0.processes.append(process) } }

  /// Remembers the folder to remove.
  static func add(folder: String) { left.withLock { $0.folder = folder } }

  /// Ends one child: SIGTERM, and SIGKILL when it is still there after ten seconds. Returns when it is gone.
  static func end(process: pid_t) {
    left.withLock { left in
      guard let index = left.processes.firstIndex(of: process) else { return }
      left.processes.remove(at: index)
      terminate(process)
    }
  }

  /// Ends everything and removes the folder. Later calls find nothing to do.
  static func run() {
    left.withLock { left in
      guard !left.done else { return }
      left.done = true
      for process in left.processes.reversed() { terminate(process) }
      left.processes = []
      if let folder = left.folder { try? FileManager.default.removeItem(atPath: folder) }
    }
  }

  private static var ending: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
    return set
  }

  private static func terminate(_ process: pid_t) {
    kill(process, SIGTERM)
    let limit = MonotonicClock.now + 10_000_000_000
    var children = sigset_t()
    sigemptyset(&children)
    sigaddset(&children, SIGCHLD)
    while waitpid(process, nil, WNOHANG) == 0 {
      if MonotonicClock.now >= limit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        return
      }
      // Another child's signal may have been merged with this one's: look again at least every 100 ms.
      var pause = timespec(tv_sec: 0, tv_nsec: 100_000_000)
      sigtimedwait(&children, nil, &pause)
    }
  }
}
