/// What is configured about where Redis is: one server, one that Sentinels watch over, or a cluster.
///
/// ```swift
/// try RedisLocation(parsing: "sentinel://liaison:secret@10.0.0.1,10.0.0.2,10.0.0.3/mymaster")
/// ```
public struct RedisLocation: Sendable, Equatable, CustomStringConvertible {
  /// How the Redis that has the entries is found.
  public enum Topology: Sendable, Equatable {
    /// It stands there.
    case single(RedisAddress)
    /// These Sentinels know who is the master of that name.
    case sentinel([RedisAddress], master: String)
    /// These, or others that they know, share the keys.
    case cluster([RedisAddress])
  }

  /// How Redis is found.
  public var topology: Topology
  /// What Redis is told with `AUTH`; Sentinels are asked without.
  public var credentials: RedisCredentials?
  /// What is chosen with `SELECT`; always 0 in a cluster.
  public var database = 0

  /// One server, without a password.
  public static func single(_ address: RedisAddress) -> RedisLocation {
    RedisLocation(topology: .single(address))
  }

  /// Reads one of
  ///
  ///     redis://[user:password@]host[:6379][/database]
  ///     unix://[user:password@]/path[?db=database]
  ///     sentinel://[user:password@]host[:26379],…/master[/database]
  ///     redis-cluster://[user:password@]host[:6379],…
  ///
  /// User and password are percent-encoded; the user may be left out, as in `redis://:password@host`.
  ///
  /// - Throws: ``RedisAddressError``, whose description says what is wrong.
  public init(parsing text: String) throws(RedisAddressError) {
    guard let end = text.firstRange(of: "://"), let scheme = Scheme(rawValue: String(text[..<end.lowerBound]))
    else {
      throw RedisAddressError(
        "\"\(Self.withoutPassword(text))\" is neither redis://host:port, unix:///path, sentinel://host,…/master nor "
          + "redis-cluster://host,…")
    }
    let shown = Self.withoutPassword(text)
    if scheme == .rediss {
      throw RedisAddressError(
        "\"\(shown)\": TLS to Redis is not supported with the hiredis this server is built with")
    }
    var rest = text[end.upperBound...]
    if let at = rest.lastIndex(of: "@") {
      credentials = try RedisCredentials(parsing: rest[..<at], of: shown)
      rest = rest[rest.index(after: at)...]
    }
    if scheme == .unix {
      let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
      topology = .single(try .unix(String(parts[0]), of: shown))
      guard parts.count == 2 else { return }
      guard parts[1].hasPrefix("db=") else {
        throw RedisAddressError("\"\(shown)\": the only option is db, as in unix:///run/redis.sock?db=2")
      }
      database = try Self.database(parts[1].dropFirst(3), of: shown)
      return
    }
    var path = rest.split(separator: "/", omittingEmptySubsequences: false)
    let authority = path.removeFirst()
    if path.last?.isEmpty == true { path.removeLast() }
    guard !rest.contains(where: { "?#".contains($0) }) else {
      throw RedisAddressError("\"\(shown)\": there are no options")
    }
    topology = try scheme.topology(authority, &path, of: shown)
    if scheme != .cluster, let number = path.first, path.count == 1 {
      database = try Self.database(number, of: shown)
    } else if !path.isEmpty {
      throw RedisAddressError(
        "\"\(shown)\" has something after its hosts"
          + (scheme == .cluster ? ": a cluster has no databases" : ""))
    }
  }

  /// A location by its topology.
  public init(topology: Topology) { self.topology = topology }

  /// The form it is read from, without the password.
  public var description: String {
    let user = credentials.map { "\($0.user ?? ""):…@" } ?? ""
    let path = database == 0 ? "" : "/\(database)"
    func list(_ addresses: [RedisAddress]) -> String { addresses.map(\.authority).joined(separator: ",") }
    switch topology {
    case .single(.unix(let socket)):
      return "unix://\(user)\(socket)" + (database == 0 ? "" : "?db=\(database)")
    case .single(let address): return "redis://\(user)\(address.authority)\(path)"
    case .sentinel(let sentinels, let master): return "sentinel://\(user)\(list(sentinels))/\(master)\(path)"
    case .cluster(let seeds): return "redis-cluster://\(user)\(list(seeds))"
    }
  }

  private enum Scheme: String {
    case redis, rediss, unix, sentinel
    case cluster = "redis-cluster"

    /// Reads the hosts, and what of the path belongs to them.
    func topology(
      _ authority: Substring, _ path: inout [Substring], of text: String
    ) throws(RedisAddressError) -> Topology {
      let port = self == .sentinel ? 26_379 : 6_379
      var addresses: [RedisAddress] = []
      for part in authority.split(separator: ",", omittingEmptySubsequences: false) {
        addresses.append(try .tcp(part, defaultPort: port, of: text))
      }
      switch self {
      case .sentinel:
        guard let name = path.first, !name.isEmpty else {
          throw RedisAddressError("\"\(text)\" lacks the master's name, as in sentinel://10.0.0.1/mymaster")
        }
        path.removeFirst()
        return .sentinel(addresses, master: String(name))
      case .cluster: return .cluster(addresses)
      default:
        guard addresses.count == 1 else {
          throw RedisAddressError(
            "\"\(text)\": several hosts are a cluster's (redis-cluster://) or Sentinels' (sentinel://)")
        }
        return .single(addresses[0])
      }
    }
  }

  private static func database(_ digits: Substring, of text: String) throws(RedisAddressError) -> Int {
    guard let number = Int(digits), (0...65_535).contains(number), digits.utf8.allSatisfy({ $0 >= 0x30 })
    else { throw RedisAddressError("\"\(text)\": the database must be 0…65535") }
    return number
  }

  /// What may be shown of a text that is read.
  private static func withoutPassword(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@"), let start = text.firstRange(of: "://"), start.upperBound <= at
    else { return text }
    return text[..<start.upperBound] + "…" + text[at...]
  }
}

/// Who a connection to Redis is made for.
public struct RedisCredentials: Sendable, Equatable {
  /// `nil` for Redis's default user.
  public let user: String?
  /// In plain text.
  public let password: String

  /// Reads `user:password`, percent-encoded; `text` is what errors quote.
  init(parsing part: Substring, of text: String) throws(RedisAddressError) {
    guard let colon = part.firstIndex(of: ":") else {
      throw RedisAddressError("\"\(text)\": a user needs a password, as in redis://user:password@host")
    }
    guard let user = Self.decoded(part[..<colon]),
      let password = Self.decoded(part[part.index(after: colon)...])
    else { throw RedisAddressError("\"\(text)\": user and password must be percent-encoded") }
    self.user = user.isEmpty ? nil : user
    self.password = password
  }

  private static func decoded(_ part: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(part.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest.removeFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
