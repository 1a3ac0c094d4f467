import CEpoll
import EventLoop
import Glibc

/// An address to listen on: an IPv4 or IPv6 literal and a port. Any thread.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// The address as a literal, without brackets.
  public let host: String
  /// The port; 0 lets the system choose.
  public let port: UInt16
  private let isVersion6: Bool

  /// Reads `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080` (which is 127.0.0.1). Nil for anything else.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard host.contains(":") else { return nil }
    } else if host == "localhost" {
      host = "127.0.0.1"
    } else if host.contains(":") {
      return nil
    }
    self.init(host: host, port: port)
  }

  /// An address literal without brackets and a port; nil when it is no literal.
  public init?(host: String, port: UInt16) {
    var bytes = in6_addr()
    isVersion6 = inet_pton(AF_INET6, host, &bytes) == 1
    guard isVersion6 || inet_pton(AF_INET, host, &bytes) == 1 else { return nil }
    self.host = host
    self.port = port
  }

  /// `127.0.0.1:8080`, `[::1]:8080`.
  public var description: String { isVersion6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Whether only this machine can reach it.
  public var isLoopback: Bool {
    if !isVersion6 { return host.hasPrefix("127.") }
    var bytes = in6_addr()
    inet_pton(AF_INET6, host, &bytes)
    return withUnsafeBytes(of: &bytes) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
  }

  /// The same host with another port.
  public func withPort(_ port: UInt16) -> ListenAddress {
    ListenAddress(host: host, port: port)!
  }

  /// Fails when somebody listens on this address already. Listeners share their port (`SO_REUSEPORT`) and would
  /// silently share it with a second server too, so the server asks this once before it binds.
  public func ensureFree() throws(SystemError) {
    let descriptor = try boundSocket(sharesPort: false)
    close(descriptor)
  }

  /// A socket bound here that does not listen yet; the caller owns it. A connection that an earlier process left
  /// behind is no hindrance (`SO_REUSEADDR`).
  func boundSocket(sharesPort: Bool) throws(SystemError) -> Int32 {
    let descriptor = cepoll_socket(isVersion6 ? AF_INET6 : AF_INET)
    guard descriptor >= 0 else { throw SystemError("socket") }
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
    if sharesPort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, size) }
    if isVersion6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size) }
    var (storage, length) = socketAddress()
    guard cepoll_bind(descriptor, &storage, length) == 0 else {
      let failure = SystemError("bind")
      close(descriptor)
      throw failure
    }
    return descriptor
  }

  private func socketAddress() -> (sockaddr_storage, socklen_t) {
    var storage = sockaddr_storage()
    let length = withUnsafeMutableBytes(of: &storage) { bytes -> Int in
      if isVersion6 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        inet_pton(AF_INET6, host, &address.sin6_addr)
        bytes.storeBytes(of: address, as: sockaddr_in6.self)
        return MemoryLayout<sockaddr_in6>.size
      }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      inet_pton(AF_INET, host, &address.sin_addr)
      bytes.storeBytes(of: address, as: sockaddr_in.self)
      return MemoryLayout<sockaddr_in>.size
    }
    return (storage, socklen_t(length))
  }

  /// This machine, no port.
  static let localhost = ListenAddress(host: "127.0.0.1", port: 0)!

  /// The port that a socket is bound to.
  static func port(of descriptor: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    guard cepoll_getsockname(descriptor, &storage, &length) == 0 else { return 0 }
    // The port stands at the same place in both families.
    return withUnsafeBytes(of: &storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
  }

  /// The address, without the port, at the other end of a connection; empty when it is gone.
  static func peer(of descriptor: Int32) -> String {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    guard cepoll_getpeername(descriptor, &storage, &length) == 0 else { return "" }
    let family = Int32(storage.ss_family)
    // A socket of this machine alone: one of a pair.
    if family == AF_UNIX { return localhost.host }
    let offset = family == AF_INET6 ? 8 : 4
    return withUnsafeBytes(of: &storage) { bytes in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
        guard inet_ntop(family, bytes.baseAddress! + offset, text.baseAddress!, socklen_t(text.count)) != nil
        else { return "" }
        return String(cString: text.baseAddress!)
      }
    }
  }
}
