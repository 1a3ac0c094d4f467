import ContextAPI
import ContextStore
import FoundationEssentials
import HTTP
public import LiaisonKit
import MappingCache

/// Everything that can be set about a server, read and checked. See Docs/configuration.md.
public struct ServerConfiguration {
  /// Where the server listens.
  let listen: ListenAddress
  /// The data folder.
  let data: String
  /// The number of event loops; 0 for one per core.
  let loops: Int
  /// The prefix that paths may have; empty for none.
  let basePath: String
  /// Where Redis is; `nil` if it is off.
  let redis: RedisLocation?
  let cache: CacheOptions
  /// Where the store lies; `nil` if it is the data folder.
  let postgres: PostgresOptions?
  let store: StoreOptions
  let http: HTTPLimits
  let maximumConnections: Int
  let longestCustomerID: Int
  /// Whose data calls are about; `nil` where there is one tenant.
  let tenancy: Tenancy?
  let logLevel: Log.Level
  /// The names of the stages, in order.
  let pipeline: [String]
  /// How long each plugin may keep a call before it passes it on.
  let budgets: ConfigurationSection
  /// The files of the plugins to load, in order.
  let libraries: [String]
  /// The plugins' own sections.
  let plugins: ConfigurationSection
  /// The folder that relative paths start from: the file's, or the working directory.
  let directory: String

  /// The stages of a server whose configuration names none.
  package static let defaultPipeline = [
    "authentication", "business-attributes", "extension-schemas", "persistence",
  ]

  /// Reads the file, lays environment and flags over it and checks every value.
  ///
  /// - Parameters:
  ///   - file: a path; `nil` for no file.
  ///   - flags: options by their whole keys, as given on the command line.
  /// - Throws: ``ConfigurationError`` naming the key.
  public init(
    file: String?, environment: [String: String], flags: [(option: String, text: String)]
  ) throws(ConfigurationError) {
    var overlay = ConfigurationOverlay(try file.map(ConfigurationFile.read) ?? [:])
    try overlay.apply(environment: environment)
    for flag in flags { try overlay.set(flag.option, flag.text) }
    try self.init(values: overlay.values, directory: file.map(Self.folder) ?? ".")
  }

  /// Reads the text of a configuration file, without environment and flags.
  ///
  /// - Parameters:
  ///   - defaults: what is set where the text says nothing.
  ///   - fixed: what is set whatever the text says.
  ///   - directory: where relative paths start from.
  package init(
    text: String, defaults: [String: ConfigurationValue], fixed: [String: ConfigurationValue],
    directory: String
  ) throws(ConfigurationError) {
    let given = ConfigurationOverlay(try ConfigurationFile.parse(Data(text.utf8), "the configuration")).values
    let values = defaults.merging(given) { $1 }.merging(fixed) { $1 }
    try self.init(values: values, directory: directory)
  }

  /// Checks every value.
  init(values: [String: ConfigurationValue], directory: String) throws(ConfigurationError) {
    let root = ConfigurationSection(path: "", values: values)
    let address = try root.string("listen") ?? "127.0.0.1:8080"
    guard let listen = ListenAddress(address) else {
      throw root.error(
        "listen",
        "must be an address and a port such as \"127.0.0.1:8080\" or \"[::1]:8080\", not \"\(address)\"")
    }
    self.listen = listen
    self.directory = directory
    data = try root.string("data") ?? "liaison-data"
    guard !data.isEmpty else { throw root.error("data", "must be the path of a folder") }
    loops = try root.integer("loops", in: 0...256, default: 0)
    basePath = try Self.basePath(root)
    (redis, cache) = try Self.redis(root.section("redis"))
    (postgres, store) = try Self.store(root.section("store"))
    (http, maximumConnections) = try Self.http(root.section("http"))
    longestCustomerID = try Self.limits(root.section("limits"))
    tenancy = try Self.tenancy(root.section("tenancy"))
    logLevel = try Self.logLevel(root.section("log"))
    pipeline = try root.strings("pipeline") ?? Self.defaultPipeline
    budgets = try root.section("budgets")
    libraries = try Self.libraries(root, directory)
    plugins = try root.section("plugins")
    try root.requireAllRead()
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func basePath(_ root: ConfigurationSection) throws(ConfigurationError) -> String {
    let path = try root.string("base-path") ?? "/genesys/1/cs"
    let trimmed = path.hasSuffix("/") ? String(path.dropLast()) : path
    let isPath = trimmed.isEmpty || trimmed.hasPrefix("/")
    guard isPath, trimmed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#%".utf8.contains($0) }) else {
      throw root.error(
        "base-path", "must be a path such as \"/genesys/1/cs\", or \"\" for none, not \"\(path)\"")
    }
    return trimmed
  }

  private static func redis(
    _ section: ConfigurationSection
  ) throws(ConfigurationError) -> (RedisLocation?, CacheOptions) {
    let url = try section.string("url") ?? "off"
    var options = CacheOptions()
    options.wait = try section.duration("wait", default: options.wait)
    options.timeToLive = try section.duration("ttl", default: options.timeToLive)
    guard options.timeToLive >= .seconds(1) else { throw section.error("ttl", "must be at least \"1s\"") }
    try section.requireAllRead()
    guard url != "off" else { return (nil, options) }
    do {
      return (try RedisLocation(parsing: url), options)
    } catch {
      throw section.error("url", "\(error)")
    }
  }

  private static func store(
    _ section: ConfigurationSection
  ) throws(ConfigurationError) -> (PostgresOptions?, StoreOptions) {
    let postgres = try postgres(section)
    var options = StoreOptions()
    let words = StoreOptions.Durability.allCases.map(\.rawValue)
    let word = try section.choice("durability", of: words, default: options.durability.rawValue)
    options.durability = StoreOptions.Durability(rawValue: word) ?? options.durability
    options.maximumBatch = try section.integer("max-batch", in: 1...65_536, default: options.maximumBatch)
    options.readers = try section.integer("readers", in: 1...64, default: options.readers)
    options.changesKept = Int64(
      try section.integer("changes-kept", in: 1...Int.max, default: Int(options.changesKept)))
    let foldAfter = try section.duration("fold-after", default: .milliseconds(options.foldAfter))
    guard foldAfter <= .seconds(3600) else { throw section.error("fold-after", "must be at most \"60m\"") }
    options.foldAfter = Int(foldAfter / .milliseconds(1))
    options.foldBytes = try section.integer("fold-bytes", in: 1 << 20...1 << 40, default: options.foldBytes)
    try section.requireAllRead()
    return (postgres, options)
  }

  private static func postgres(_ section: ConfigurationSection) throws(ConfigurationError) -> PostgresOptions?
  {
    func milliseconds(_ option: String, _ value: Int) throws(ConfigurationError) -> Int {
      let duration = try section.duration(option, default: .milliseconds(value))
      guard duration >= .milliseconds(10), duration <= .seconds(600) else {
        throw section.error(option, "must be from \"10ms\" to \"10m\"")
      }
      return Int(duration / .milliseconds(1))
    }
    var options = PostgresOptions(connection: "")
    options.connectTimeout = try milliseconds("connect-timeout", options.connectTimeout)
    options.statementTimeout = try milliseconds("statement-timeout", options.statementTimeout)
    let url = try section.string("url") ?? "sqlite"
    guard url != "sqlite" else { return nil }
    do {
      options.connection = try PostgresOptions(parsing: url).connection
      return options
    } catch {
      throw section.error("url", "must be \"sqlite\" or a PostgreSQL database: what is given \(error)")
    }
  }

  private static func http(_ section: ConfigurationSection) throws(ConfigurationError) -> (HTTPLimits, Int) {
    var limits = HTTPLimits()
    limits.maxBody = try section.integer("max-body", in: 1...(1 << 30), default: limits.maxBody)
    limits.maxHead = try section.integer("max-head", in: 64...(1 << 20), default: limits.maxHead)
    limits.maxTarget = try section.integer("max-target", in: 16...(1 << 20), default: limits.maxTarget)
    limits.maxPipelined = try section.integer("max-pipelined", in: 1...65_536, default: limits.maxPipelined)
    limits.maxUnsent = try section.integer("max-unsent", in: 4096...(1 << 30), default: limits.maxUnsent)
    limits.idleTimeout = try section.duration("idle-timeout", default: limits.idleTimeout)
    limits.headTimeout = try section.duration("head-timeout", default: limits.headTimeout)
    limits.bodyTimeout = try section.duration("body-timeout", default: limits.bodyTimeout)
    limits.writeTimeout = try section.duration("write-timeout", default: limits.writeTimeout)
    let connections = try section.integer("max-connections", in: 1...1_000_000, default: 10_000)
    try section.requireAllRead()
    return (limits, connections)
  }

  private static func limits(_ section: ConfigurationSection) throws(ConfigurationError) -> Int {
    let longest = try section.integer("customer-id", in: 1...1024, default: 64)
    try section.requireAllRead()
    return longest
  }

  /// A name without a folder is looked for in the plugin folder; other paths start from the configuration's folder.
  private static func libraries(
    _ root: ConfigurationSection, _ directory: String
  ) throws(ConfigurationError) -> [String] {
    let folder = try root.string("plugin-folder").map { $0.hasPrefix("/") ? $0 : directory + "/" + $0 }
    return try (root.strings("libraries") ?? []).map { file throws(ConfigurationError) in
      guard !file.isEmpty else { throw root.error("libraries", "must name files; an empty name is in it") }
      if file.hasPrefix("/") { return file }
      if file.hasPrefix("./") { return directory + "/" + file.dropFirst(2) }
      return file.contains("/")
        ? directory + "/" + file : (folder ?? PluginLibrary.installedFolder) + "/" + file
    }
  }

  private static func logLevel(_ section: ConfigurationSection) throws(ConfigurationError) -> Log.Level {
    let word = try section.choice("level", of: Log.Level.allCases.map(\.rawValue), default: "info")
    try section.requireAllRead()
    return Log.Level(rawValue: word) ?? .info
  }
}
