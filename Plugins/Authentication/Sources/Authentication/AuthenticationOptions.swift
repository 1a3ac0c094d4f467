import LiaisonKit

/// The plugin's section of the configuration.
struct AuthenticationOptions {
  var realm: String
  var passwordFile: PasswordFile?
  var roles: [String: Roles] = [:]
  var keys = BearerKeys([])
  var remember: Duration
  var mostRemembered: Int
  var failures = FailureThrottle.Options()
  var mostWaiting: Int

  /// Reads the section.
  ///
  /// - Throws: an error that names the key, also for keys that are not known.
  init(_ section: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    realm = try Self.realm(section)
    if let path = try section.string("htpasswd") {
      guard !path.isEmpty else { throw section.error("htpasswd", "must name a file") }
      passwordFile = PasswordFile(path: context.path(path))
    }
    let roles = try section.section("roles")
    for user in roles.keys { self.roles[user] = try Self.roles(user, in: roles) }
    if passwordFile == nil, !self.roles.isEmpty {
      throw section.error("roles", "gives roles to users; name their file in \(section.name(of: "htpasswd"))")
    }
    keys = try Self.keys(section)
    remember = try section.duration("remember", default: .seconds(300))
    mostRemembered = try section.integer("max-remembered", in: 2...1_000_000, default: 10_000)
    let failures = try section.section("failures")
    self.failures.free = try failures.integer("free", in: 1...1_000_000, default: self.failures.free)
    self.failures.delay = try failures.duration("delay", default: self.failures.delay)
    self.failures.longestDelay = try failures.duration("max-delay", default: self.failures.longestDelay)
    self.failures.memory = try failures.duration("memory", default: self.failures.memory)
    self.failures.addresses = try failures.integer(
      "max-addresses", in: 2...10_000_000, default: self.failures.addresses)
    mostWaiting = try failures.integer("max-waiting", in: 1...100_000, default: 1000)
    try failures.requireAllRead()
    try section.requireAllRead()
  }

  private static func realm(_ section: ConfigurationSection) throws(ConfigurationError) -> String {
    let realm = try section.string("realm") ?? "Liaison"
    let isVisible = realm.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    guard isVisible, (1...64).contains(realm.utf8.count) else {
      throw section.error("realm", "must be 1 to 64 visible ASCII characters without \" and \\")
    }
    return realm
  }

  private static func roles(_ key: String, in section: ConfigurationSection) throws(ConfigurationError)
    -> Roles
  {
    var roles: Roles = []
    for name in try section.strings(key) ?? [] {
      guard let role = Roles(name: name) else {
        let known = Roles.names.map { "\"\($0.name)\"" }.joined(separator: ", ")
        throw section.error(key, "must be an array of roles: \(known); \"\(name)\" is none")
      }
      roles.formUnion(role)
    }
    return roles
  }

  private static func keys(_ section: ConfigurationSection) throws(ConfigurationError) -> BearerKeys {
    var keys: [(digest: SHA256Digest, principal: Principal)] = []
    for key in try section.sections("keys") {
      guard let name = try key.string("name"), !name.isEmpty else {
        throw key.error("name", "must be given, and not be empty")
      }
      guard !keys.contains(where: { $0.principal.name == name }) else {
        throw key.error("name", "must be different for every key; \"\(name)\" is given twice")
      }
      guard let digest = try key.string("sha256").flatMap(SHA256Digest.init(hexadecimal:)) else {
        throw key.error("sha256", "must be the SHA-256 digest of the key: 64 hexadecimal digits")
      }
      if let same = keys.first(where: { $0.digest == digest }) {
        throw key.error("sha256", "must be different for every key; \"\(same.principal.name)\" has the same")
      }
      keys.append((digest, Principal(name: name, roles: try roles("roles", in: key))))
      try key.requireAllRead()
    }
    return BearerKeys(keys)
  }
}
