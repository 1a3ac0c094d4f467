import Glibc

/// An address of Redis as the system takes it.
struct SocketAddress {
  private(set) var storage = sockaddr_storage()
  let length: socklen_t

  var family: Int32 { Int32(storage.ss_family) }

  /// - Parameter address: with a numeric host: a name is not resolved here, which would take time.
  init(_ address: RedisAddress) throws(RedisConnectError) {
    switch address {
    case .unix(let path): length = try Self.fill(&storage, path)
    case .tcp(let host, let port): length = try Self.fill(&storage, host, port)
    }
  }

  private static func fill(
    _ storage: inout sockaddr_storage, _ path: String
  ) throws(RedisConnectError) -> socklen_t {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let isShortEnough = withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard path.utf8.count < room.count else { return false }
      room.copyBytes(from: path.utf8)
      return true
    }
    guard isShortEnough else { throw RedisConnectError(reason: "the socket's path is too long") }
    withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_un.self) }
    return socklen_t(MemoryLayout<sockaddr_un>.size)
  }

  private static func fill(
    _ storage: inout sockaddr_storage, _ host: String, _ port: Int
  ) throws(RedisConnectError) -> socklen_t {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(host, "\(port)", &hints, &found)
    guard failure == 0, let first = found?.pointee else {
      throw RedisConnectError(reason: "\(host): \(String(cString: gai_strerror(failure)))")
    }
    defer { freeaddrinfo(found) }
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: first.ai_addr, count: Int(first.ai_addrlen)))
    }
    return first.ai_addrlen
  }
}
