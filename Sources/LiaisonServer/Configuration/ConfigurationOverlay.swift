import LiaisonKit

/// What stands over the configuration file: environment variables, and over them the command line's flags.
struct ConfigurationOverlay {
  /// The scalar options that may be set from outside, by their whole keys, and which of them are whole numbers.
  static let options: [(name: String, isNumber: Bool)] = [
    ("listen", false), ("data", false), ("loops", true), ("base-path", false),
    ("redis.url", false), ("redis.wait", false), ("redis.ttl", false),
    ("store.url", false), ("store.connect-timeout", false), ("store.statement-timeout", false),
    ("store.durability", false), ("store.max-batch", true), ("store.readers", true),
    ("store.changes-kept", true), ("store.fold-after", false), ("store.fold-bytes", true),
    ("http.max-body", true), ("http.max-head", true), ("http.max-target", true),
    ("http.max-connections", true), ("http.max-pipelined", true), ("http.max-unsent", true),
    ("http.idle-timeout", false), ("http.head-timeout", false), ("http.body-timeout", false),
    ("http.write-timeout", false),
    ("limits.customer-id", true), ("log.level", false),
  ]

  /// The environment variable of an option: `http.max-body` is `LIAISON_HTTP_MAX_BODY`.
  static func variable(of option: String) -> String {
    // Addresses are what people set; their short names serve in the file as well.
    if option == "redis.url" { return "LIAISON_REDIS" }
    if option == "store.url" { return "LIAISON_STORE" }
    return "LIAISON_" + option.uppercased().replacing(".", with: "_").replacing("-", with: "_")
  }

  private(set) var values: [String: ConfigurationValue]

  init(_ values: [String: ConfigurationValue]) {
    self.values = values
    // `redis: "unix:///…"` is short for `redis: { url: "unix:///…" }`.
    for group in ["redis", "store"] {
      if case .string(let url) = values[group] { self.values[group] = .object(["url": .string(url)]) }
    }
  }

  /// Lays the environment over what is there. A variable that looks like ours and is none is a slip of somebody's.
  mutating func apply(environment: [String: String]) throws(ConfigurationError) {
    let known = Self.options.map { Self.variable(of: $0.name) }
    if let unknown = environment.keys.sorted().first(where: {
      $0.hasPrefix("LIAISON_") && !known.contains($0)
    }) {
      throw ConfigurationError(unknown, "is not a known variable; known: \(known.joined(separator: ", "))")
    }
    for (name, _) in Self.options {
      guard let text = environment[Self.variable(of: name)] else { continue }
      try set(name, text)
    }
  }

  /// Sets an option from text.
  mutating func set(_ option: String, _ text: String) throws(ConfigurationError) {
    let isNumber = Self.options.contains { $0.name == option && $0.isNumber }
    let number = isNumber ? Int64(text) : nil
    let value = number.map(ConfigurationValue.integer) ?? .string(text)
    guard let dot = option.firstIndex(of: ".") else {
      values[option] = value
      return
    }
    let group = String(option[..<dot])
    var members: [String: ConfigurationValue] = [:]
    switch values[group] {
    case nil, .null: break
    case .object(let given): members = given
    case .some(let other): throw ConfigurationError(group, "must be an object, not \(other.article)")
    }
    members[String(option[option.index(after: dot)...])] = value
    values[group] = .object(members)
  }
}
