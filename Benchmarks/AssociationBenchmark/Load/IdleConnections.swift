import CEpoll
import Glibc

/// What resting connections cost the server: many of them, each after one answered request. Closes them at its end.
final class IdleConnections {
  private var descriptors: [Int32] = []

  deinit { for descriptor in descriptors { close(descriptor) } }

  /// Lets the benchmark, and the servers that it starts, have as many descriptors as the system allows.
  static func raiseLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  /// Opens connections and makes one request on each.
  init(port: UInt16, count: Int) throws {
    let request = Array("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
    var answer = [UInt8](repeating: 0, count: 4096)
    for _ in 0..<count {
      let descriptor = try LoadConnection.connect(to: port)
      descriptors.append(descriptor)
      guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
        throw BenchmarkError.system("send", errno)
      }
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 5000) == 1, recv(descriptor, &answer, answer.count, 0) > 0 else {
        throw BenchmarkError.tooSlow("one of \(count) idle connections got no answer")
      }
    }
  }
}
