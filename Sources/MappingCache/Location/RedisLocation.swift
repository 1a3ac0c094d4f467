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
  /// What Redis is told with `AUTH`.
  public var credentials: RedisCredentials?
  /// What Sentinels are told with `AUTH`.
  public var sentinelCredentials: RedisCredentials?
  /// What is chosen with `SELECT`; always 0 in a cluster.
  public var database = 0
  /// What secures connections, those to Sentinels too; `nil` for nothing.
  public var tls: TLSContext?

  /// One server, without a password.
  public static func single(_ address: RedisAddress) -> RedisLocation {
    RedisLocation(topology: .single(address))
  }

  /// A location by its topology.
  public init(topology: Topology) { self.topology = topology }

  /// The form it is read from, without the passwords.
  public var description: String {
    let user = credentials.map { "\($0.user ?? ""):…@" } ?? ""
    let path = database == 0 ? "" : "/\(database)"
    let redis = tls == nil ? "redis" : "rediss"
    func list(_ addresses: [RedisAddress]) -> String { addresses.map(\.authority).joined(separator: ",") }
    switch topology {
    case .single(.unix(let socket)):
      return "unix://\(user)\(socket)" + (database == 0 ? "" : "?db=\(database)")
    case .single(let address): return "\(redis)://\(user)\(address.authority)\(path)\(options)"
    case .sentinel(let sentinels, let master):
      let scheme = tls == nil ? "sentinel" : "rediss-sentinel"
      return "\(scheme)://\(user)\(list(sentinels))/\(master)\(path)\(options)"
    case .cluster(let seeds): return "\(redis)-cluster://\(user)\(list(seeds))\(options)"
    }
  }

  private var options: String {
    var pairs: [(String, String?)] = []
    if let sentinelCredentials {
      pairs = [("sentinel-user", sentinelCredentials.user), ("sentinel-password", "…")]
    }
    if let tls = tls?.options {
      pairs += [("ca", tls.authorities), ("cert", tls.certificate), ("key", tls.key), ("name", tls.name)]
    }
    let shown = pairs.compactMap { name, value in value.map { "\(name)=\($0)" } }
    return shown.isEmpty ? "" : "?" + shown.joined(separator: "&")
  }
}
