import CEpoll
import Glibc

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
