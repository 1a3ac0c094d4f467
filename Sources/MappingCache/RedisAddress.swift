import Glibc

/// Where a Redis listens.
public enum RedisAddress: Sendable, Equatable, CustomStringConvertible {
  /// A host name, or a numeric IPv4 or IPv6 address without brackets, and a port.
  case tcp(host: String, port: Int)
  /// The path of a unix socket.
  case unix(path: String)

  /// Reads `redis://host[:port]` or `unix:///path`.
  ///
  /// - Throws: ``RedisAddressError``, whose description says what is wrong.
  public init(parsing text: String) throws(RedisAddressError) {
    if text.hasPrefix("unix://") {
      let path = String(text.dropFirst("unix://".count))
      guard path.hasPrefix("/"), path.utf8.count > 1, !path.utf8.contains(0) else {
        throw RedisAddressError("\"\(text)\" lacks an absolute path, as in unix:///run/redis.sock")
      }
      guard path.utf8.count <= Self.longestPath else {
        throw RedisAddressError("\"\(text)\": a socket's path has at most \(Self.longestPath) bytes")
      }
      self = .unix(path: path)
    } else if text.hasPrefix("redis://") {
      self = try Self.tcp(String(text.dropFirst("redis://".count)), of: text)
    } else if text.hasPrefix("rediss://") {
      throw RedisAddressError("\"\(text)\": TLS to Redis is not supported")
    } else {
      throw RedisAddressError("\"\(text)\" is neither redis://host:port nor unix:///path")
    }
  }

  /// The form it is read from.
  public var description: String {
    switch self {
    case .tcp(let host, let port):
      host.contains(":") ? "redis://[\(host)]:\(port)" : "redis://\(host):\(port)"
    case .unix(let path): "unix://\(path)"
    }
  }

  /// The length of `sun_path` without its terminator.
  private static let longestPath = 107

  private static func tcp(_ authority: String, of text: String) throws(RedisAddressError) -> RedisAddress {
    guard !authority.contains("@") else {
      throw RedisAddressError("\"\(text)\": a user or password for Redis is not supported")
    }
    var authority = Substring(authority)
    if authority.hasSuffix("/") { authority.removeLast() }
    guard !authority.contains(where: { "/?#".contains($0) }) else {
      throw RedisAddressError("\"\(text)\": a database number or options are not supported")
    }
    var host = authority
    var port: Substring?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else {
        throw RedisAddressError("\"\(text)\" lacks the ] of its address")
      }
      host = authority[authority.index(after: authority.startIndex)..<end]
      let rest = authority[authority.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else {
        throw RedisAddressError("\"\(text)\" has something other than a port after its address")
      }
      port = rest.isEmpty ? nil : rest.dropFirst()
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      port = authority[authority.index(after: colon)...]
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw RedisAddressError("\"\(text)\" lacks a host, as in redis://127.0.0.1:6379")
    }
    guard let port else { return .tcp(host: String(host), port: 6379) }
    guard let number = Int(port), (1...65_535).contains(number), port.utf8.allSatisfy({ $0 >= 0x30 }) else {
      throw RedisAddressError("\"\(text)\": the port must be 1…65535")
    }
    return .tcp(host: String(host), port: number)
  }
}

/// An address of Redis that cannot be used, and why.
public struct RedisAddressError: Error, Equatable, CustomStringConvertible {
  /// For people; quotes the address.
  public let description: String

  init(_ description: String) { self.description = description }
}
