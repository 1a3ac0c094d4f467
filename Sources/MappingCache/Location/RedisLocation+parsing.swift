extension RedisLocation {
  /// Reads one of
  ///
  ///     redis://[user:password@]host[:6379][/database]
  ///     unix://[user:password@]/path[?db=database]
  ///     sentinel://[user:password@]host[:26379],…/master[/database][?sentinel-user=…&sentinel-password=…]
  ///     redis-cluster://[user:password@]host[:6379],…
  ///
  /// or, with TLS, `rediss`, `rediss-sentinel` or `rediss-cluster`, and the options `ca`, `cert`, `key` and `name` of
  /// ``TLSOptions``. User, password and options are percent-encoded; the user may be left out, as in
  /// `redis://:password@host`.
  ///
  /// - Throws: ``RedisAddressError``, whose description says what is wrong.
  public init(parsing text: String) throws(RedisAddressError) {
    guard let end = text.firstRange(of: "://"), let scheme = Scheme(rawValue: String(text[..<end.lowerBound]))
    else {
      throw RedisAddressError(
        "\"\(Self.withoutPassword(text))\" is neither redis://host:port, unix:///path, sentinel://host,…/master nor "
          + "redis-cluster://host,… nor, with TLS, rediss://, rediss-sentinel:// or rediss-cluster://")
    }
    let shown = Self.withoutPassword(text)
    let parts = text[end.upperBound...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let options =
      try parts.count == 2
      ? LocationOptions(parsing: parts[1], allowed: scheme.optionNames, of: shown) : nil
    var rest = parts[0]
    if let at = rest.lastIndex(of: "@") {
      credentials = try RedisCredentials(parsing: rest[..<at], of: shown)
      rest = rest[rest.index(after: at)...]
    }
    var database: Substring?
    if scheme == .unix {
      topology = .single(try .unix(String(rest), of: shown))
      database = options?["db"].map { $0[...] }
    } else {
      var path = rest.split(separator: "/", omittingEmptySubsequences: false)
      let authority = path.removeFirst()
      if path.last?.isEmpty == true { path.removeLast() }
      topology = try scheme.topology(authority, &path, of: shown)
      if path.count > (scheme.isCluster ? 0 : 1) {
        throw RedisAddressError(
          "\"\(shown)\" has something after its hosts"
            + (scheme.isCluster ? ": a cluster has no databases" : ""))
      }
      database = path.first
    }
    if let database { self.database = try Self.database(database, of: shown) }
    sentinelCredentials = try Self.sentinelCredentials(options, of: shown)
    if scheme.isSecure { tls = try Self.tls(options, of: shown) }
  }

  private static func sentinelCredentials(
    _ options: LocationOptions?, of text: String
  ) throws(RedisAddressError) -> RedisCredentials? {
    let user = options?["sentinel-user"]
    guard let password = options?["sentinel-password"] else {
      guard user == nil else {
        throw RedisAddressError("\"\(text)\": sentinel-user needs a sentinel-password")
      }
      return nil
    }
    return RedisCredentials(user: user, password: password)
  }

  private static func tls(
    _ options: LocationOptions?, of text: String
  ) throws(RedisAddressError) -> TLSContext {
    var wanted = TLSOptions()
    wanted.authorities = options?["ca"]
    wanted.certificate = options?["cert"]
    wanted.key = options?["key"]
    wanted.name = options?["name"]
    do {
      return try TLSContext(wanted)
    } catch {
      throw RedisAddressError("\"\(text)\": \(error)")
    }
  }

  private static func database(_ digits: Substring, of text: String) throws(RedisAddressError) -> Int {
    guard let number = Int(digits), (0...65_535).contains(number), digits.utf8.allSatisfy({ $0 >= 0x30 })
    else { throw RedisAddressError("\"\(text)\": the database must be 0…65535") }
    return number
  }

  /// What may be shown of a text that is read.
  private static func withoutPassword(_ text: String) -> String {
    var shown = text
    if let at = shown.lastIndex(of: "@"), let start = shown.firstRange(of: "://"), start.upperBound <= at {
      shown.replaceSubrange(start.upperBound..<at, with: "…")
    }
    if let start = shown.firstRange(of: "sentinel-password=") {
      let end = shown[start.upperBound...].firstIndex(of: "&") ?? shown.endIndex
      shown.replaceSubrange(start.upperBound..<end, with: "…")
    }
    return shown
  }

  private enum Scheme: String {
    case redis, rediss, unix, sentinel
    case secureSentinel = "rediss-sentinel"
    case cluster = "redis-cluster"
    case secureCluster = "rediss-cluster"

    var isSecure: Bool { self == .rediss || self == .secureSentinel || self == .secureCluster }
    var isSentinel: Bool { self == .sentinel || self == .secureSentinel }
    var isCluster: Bool { self == .cluster || self == .secureCluster }

    var optionNames: [String] {
      guard self != .unix else { return ["db"] }
      return (isSentinel ? ["sentinel-user", "sentinel-password"] : [])
        + (isSecure ? ["ca", "cert", "key", "name"] : [])
    }

    /// Reads the hosts, and what of the path belongs to them.
    func topology(
      _ authority: Substring, _ path: inout [Substring], of text: String
    ) throws(RedisAddressError) -> Topology {
      let port = isSentinel ? 26_379 : 6_379
      var addresses: [RedisAddress] = []
      for part in authority.split(separator: ",", omittingEmptySubsequences: false) {
        addresses.append(try .tcp(part, defaultPort: port, of: text))
      }
      if isCluster { return .cluster(addresses) }
      if isSentinel {
        guard let name = path.first, !name.isEmpty else {
          throw RedisAddressError("\"\(text)\" lacks the master's name, as in sentinel://10.0.0.1/mymaster")
        }
        path.removeFirst()
        return .sentinel(addresses, master: String(name))
      }
      guard addresses.count == 1 else {
        throw RedisAddressError(
          "\"\(text)\": several hosts are a cluster's (redis-cluster://) or Sentinels' (sentinel://)")
      }
      return .single(addresses[0])
    }
  }
}
