import LiaisonKit

/// What stands over the configuration file: environment variables, and over them the command line's flags.
struct ConfigurationOverlay {
  /// The scalar options that may be set from outside, by their whole keys.
  static let options: [String] = [
    "listen", "data", "loops", "base-path",
    "redis.url", "redis.wait", "redis.ttl",
    "store.url", "store.connect-timeout", "store.statement-timeout",
    "store.durability", "store.max-batch", "store.readers", "store.changes-kept", "store.fold-after",
    "store.fold-bytes",
    "http.max-body", "http.max-head", "http.max-target", "http.max-connections", "http.max-pipelined",
    "http.max-unsent", "http.idle-timeout", "http.head-timeout", "http.body-timeout", "http.write-timeout",
    "limits.customer-id", "log.level",
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
    let known = Self.options.map(Self.variable)
    if let unknown = environment.keys.sorted().first(where: {
      $0.hasPrefix("LIAISON_") && !known.contains($0)
    }) {
      throw ConfigurationError(unknown, "is not a known variable; known: \(known.joined(separator: ", "))")
    }
    for option in Self.options {
      guard let text = environment[Self.variable(of: option)] else { continue }
      try set(option, text)
    }
  }

  /// The options among them that are whole numbers.
  private static let numbers: Set<String> = [
    "loops", "store.max-batch", "store.readers", "store.changes-kept", "store.fold-bytes", "http.max-body",
    "http.max-head", "http.max-target", "http.max-connections", "http.max-pipelined", "http.max-unsent",
    "limits.customer-id",
  ]

  /// Sets an option from text.
  mutating func set(_ option: String, _ text: String) throws(ConfigurationError) {
    let number = Self.numbers.contains(option) ? Int64(text) : nil
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
