/// Where one Redis listens.
public enum RedisAddress: Sendable, Hashable, CustomStringConvertible {
  /// A host name, or a numeric IPv4 or IPv6 address without brackets, and a port.
  case tcp(host: String, port: Int)
  /// The path of a unix socket.
  case unix(path: String)

  /// `redis://host:port` or `unix:///path`.
  public var description: String {
    switch self {
    case .tcp: "redis://\(authority)"
    case .unix(let path): "unix://\(path)"
    }
  }

  /// As it stands between others in a list: `host:port`.
  var authority: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): path
    }
  }

  /// The length of `sun_path` without its terminator.
  private static let longestPath = 107

  /// Reads a path; `text` is what errors quote.
  static func unix(_ path: String, of text: String) throws(RedisAddressError) -> RedisAddress {
    guard path.hasPrefix("/"), path.utf8.count > 1, !path.utf8.contains(0) else {
      throw RedisAddressError("\"\(text)\" lacks an absolute path, as in unix:///run/redis.sock")
    }
    guard path.utf8.count <= longestPath else {
      throw RedisAddressError("\"\(text)\": a socket's path has at most \(longestPath) bytes")
    }
    return .unix(path: path)
  }

  /// Reads `host[:port]`; `text` is what errors quote.
  static func tcp(
    _ authority: Substring, defaultPort: Int, of text: String
  ) throws(RedisAddressError) -> RedisAddress {
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
    guard let port else { return .tcp(host: String(host), port: defaultPort) }
    guard let number = Int(port), (1...65_535).contains(number), port.utf8.allSatisfy({ $0 >= 0x30 }) else {
      throw RedisAddressError("\"\(text)\": the port must be 1…65535")
    }
    return .tcp(host: String(host), port: number)
  }
}

/// An address of Redis that cannot be used, and why.
public struct RedisAddressError: Error, Equatable, CustomStringConvertible {
  /// For people; quotes the address without its password.
  public let description: String

  init(_ description: String) { self.description = description }
}
