import Glibc
import LiaisonKit

/// Turns host names into addresses, beside the loops. Any thread.
struct HostResolver: Sendable {
  private let pool = BlockingPool(threads: 1)

  /// Whether `host` needs no resolving.
  static func isNumeric(_ host: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
  }

  /// A numeric address of `host`, or why there is none.
  func resolve(_ host: String) async -> Result<String, RedisConnectError> {
    do {
      return .success(try await pool.run { try Self.lookUp(host) })
    } catch {
      return .failure(error as? RedisConnectError ?? RedisConnectError(reason: "\(error)"))
    }
  }

  /// An address without a name in it, or why there is none.
  func numeric(_ address: RedisAddress) async -> Result<RedisAddress, RedisConnectError> {
    guard case .tcp(let host, let port) = address, !Self.isNumeric(host) else { return .success(address) }
    return await resolve(host).map { .tcp(host: $0, port: port) }
  }

  private static func lookUp(_ host: String) throws(RedisConnectError) -> String {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = getaddrinfo(host, nil, &hints, &found)
    guard failure == 0, let first = found else {
      throw RedisConnectError(reason: "\(host): \(String(cString: gai_strerror(failure)))")
    }
    defer { freeaddrinfo(first) }
    // One address is tried; IPv4 first, which is what a Redis listens on if on only one of the two.
    var best = first
    var next: UnsafeMutablePointer<addrinfo>? = first
    while let candidate = next {
      if candidate.pointee.ai_family == AF_INET {
        best = candidate
        break
      }
      next = candidate.pointee.ai_next
    }
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let unnamed = getnameinfo(
      best.pointee.ai_addr, best.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    guard unnamed == 0 else {
      throw RedisConnectError(reason: "\(host): \(String(cString: gai_strerror(unnamed)))")
    }
    return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
}
