import Dispatch
import Glibc

/// Where the signal handler leaves the signal's number; -1 before there is anybody to read it. A plain global with a
/// constant value: the handler may run at any moment, and all that it may do is to write. Set once, by the thread
/// that installs the handler, before it does.
nonisolated(unsafe) private var signalPipe: Int32 = -1

/// The signals that end the server: SIGTERM, SIGINT and SIGHUP. From the moment this is made none of them is lost, however
/// early it comes. Made once a process.
struct EndSignals: Sendable {
  /// Of the pipe; lives as long as the process.
  private let readingEnd: Int32

  /// From now on the signals end nothing by themselves.
  init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0, "no pipe for signals")
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    readingEnd = ends[0]
    signalPipe = ends[1]
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      let before = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = write(signalPipe, &byte, 1)
      errno = before
    }
    action.sa_flags = SA_RESTART
    for number in Self.names.keys where number != SIGHUP || !Self.ignoresHangUp {
      sigaction(number, &action, nil)
    }
  }

  private static let names = [SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGHUP: "SIGHUP"]

  /// Whether the server was started with `nohup`.
  private static var ignoresHangUp: Bool {
    var action = sigaction()
    sigaction(SIGHUP, nil, &action)
    // Functions cannot be compared, their addresses can.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Waits for the first of them; its name.
  func next() async -> String {
    let readingEnd = readingEnd
    return await withCheckedContinuation { continuation in
      // Reading blocks a thread, one that has nothing else to do.
      DispatchQueue(label: "liaison.signals").async {
        var number: UInt8 = 0
        while read(readingEnd, &number, 1) != 1 {}
        continuation.resume(returning: Self.names[Int32(number)] ?? "\(number)")
      }
    }
  }
}
