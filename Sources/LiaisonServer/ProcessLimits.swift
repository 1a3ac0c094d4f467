import CEpoll
import Glibc
import HTTP

/// What the process asks of the system before anything else.
enum ProcessLimits {
  /// Raises the limit of open files to what the system allows; a connection is one.
  static func raiseOpenFiles() {
    var limit = rlimit()
    guard cepoll_get_open_files(&limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    // Not being allowed to is no fault: the cap on connections still holds.
    _ = cepoll_set_open_files(&limit)
  }

  /// How many files the process may have open at once.
  static var openFiles: Int {
    var limit = rlimit()
    return cepoll_get_open_files(&limit) == 0 ? Int(clamping: limit.rlim_cur) : .max
  }

  /// How many connections there may be without taking from the server the files that it needs itself, which are half
  /// of what it may open at most.
  static func connections(
    atMost wanted: Int, loops: Int, readers: Int, openFiles: Int = ProcessLimits.openFiles
  ) -> Int {
    // The journal and the tables, imports, exports, libraries, password files, and what plugins open.
    let own = 128 + ConnectionBudget.mostRefusing
    // Of each loop epoll, wake-up and listener, and connections to Redis: in a cluster to each master.
    let reserve = own + 16 * loops + 4 * readers
    return min(wanted, openFiles - min(reserve, openFiles / 2))
  }

  /// The processors that this process may use.
  static var processors: Int {
    let allowed = Int(cepoll_processors())
    return allowed > 0 ? allowed : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  /// A client that is gone and a file that may not grow are errors of the calls that meet them, no reason to die.
  static func ignoreFatalWrites() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }
}
