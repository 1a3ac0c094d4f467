import CEpoll
import Glibc

/// One connection for one call; blocks its thread.
final class ClientConnection {
  private let descriptor: Int32

  private static let patience = timeval(tv_sec: 30, tv_usec: 0)

  /// Owns the descriptor from now on.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    var patience = Self.patience
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  /// Connects.
  convenience init(to address: ServerAddress) throws(TestClientError) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address.host, "\(address.port)", &hints, &found)
    guard code == 0, let first = found else {
      throw TestClientError("\(address.host): \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(found) }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    self.init(descriptor: socket(first.pointee.ai_family, type, 0))
    var target = sockaddr_storage()
    withUnsafeMutableBytes(of: &target) {
      $0.copyMemory(
        from: UnsafeRawBufferPointer(start: first.pointee.ai_addr, count: Int(first.pointee.ai_addrlen)))
    }
    guard cepoll_connect(descriptor, &target, first.pointee.ai_addrlen) == 0 else {
      throw Self.failed("cannot connect to \(address.host):\(address.port)")
    }
  }

  deinit { close(descriptor) }

  /// Sends a request that asks for the connection's end, and reads until then.
  func exchange(_ request: [UInt8]) throws(TestClientError) -> [UInt8] {
    var sent = 0
    while sent < request.count {
      let count = request.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      // A server that refuses a request early has answered, and reads no further.
      guard count > 0 else { break }
      sent += count
    }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 || (count < 0 && errno == ECONNRESET && !answer.isEmpty) { return answer }
      guard count > 0 else { throw Self.failed("no answer") }
      answer += buffer[..<count]
    }
  }

  private static func failed(_ what: String) -> TestClientError {
    let reason = errno == EAGAIN ? "it took more than \(patience.tv_sec) s" : String(cString: strerror(errno))
    return TestClientError("\(what): \(reason)")
  }
}
