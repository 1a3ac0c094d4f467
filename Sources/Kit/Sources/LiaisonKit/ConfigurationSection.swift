/// An object of the configuration, read key by key.
///
/// ```swift
/// let rate = try configuration.integer("sample-rate", in: 1...100, default: 100)
/// let pauses = try configuration.section("pauses")
/// let longest = try pauses.duration("longest", default: .seconds(60))
/// ```
/// The server refuses, as unknown, each key that a plugin has not read when its `init` is over: in the plugin's own section, and in
/// those that it has opened with ``section(_:)`` and ``sections(_:)``. So read everything in `init`; what comes as a raw
/// ``value(_:)`` is the plugin's own to check.
///
/// Used by one thread, at the start.
public final class ConfigurationSection {
  /// The section's own key, as `plugins.authentication`; empty for the whole configuration.
  public let path: String
  private let values: [String: ConfigurationValue]
  private var read: Set<String> = []

  /// A section by its key and values.
  public init(path: String, values: [String: ConfigurationValue]) {
    self.path = path
    self.values = values
  }

  /// All keys given, sorted.
  public var keys: [String] { values.keys.sorted() }

  /// The whole name of a key of this section.
  public func name(of key: String) -> String { Self.name(of: key, in: path) }

  static func name(of key: String, in path: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The value of a key as it is; `null` counts as not given.
  public func value(_ key: String) -> ConfigurationValue? {
    read.insert(key)
    ConfigurationReading.current?.read(key, in: path)
    guard let value = values[key], value != .null else { return nil }
    return value
  }

  /// An error about a key of this section.
  public func error(_ key: String, _ message: String) -> ConfigurationError {
    ConfigurationError(name(of: key), message)
  }

  /// A string; `nil` if not given.
  public func string(_ key: String) throws(ConfigurationError) -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let string) = value else { throw error(key, "must be a string, not \(value.article)") }
    return string
  }

  /// One of several words.
  public func choice(_ key: String, of words: [String], default fallback: String) throws(ConfigurationError)
    -> String
  {
    guard let word = try string(key) else { return fallback }
    guard words.contains(word) else {
      throw error(key, "must be one of \(words.map { "\"\($0)\"" }.joined(separator: ", ")), not \"\(word)\"")
    }
    return word
  }

  /// An integer within a range.
  public func integer(
    _ key: String, in range: ClosedRange<Int>, default fallback: Int
  ) throws(ConfigurationError) -> Int { try integer(key, in: range) ?? fallback }

  /// An integer within a range; `nil` if not given.
  public func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
    guard let value = value(key) else { return nil }
    guard case .integer(let integer) = value, let integer = Int(exactly: integer), range.contains(integer)
    else {
      throw error(
        key, "must be an integer from \(range.lowerBound) to \(range.upperBound), not \(value.article)")
    }
    return integer
  }

  /// A number within a range, whole or not; `nil` if not given.
  public func double(_ key: String, in range: ClosedRange<Double>) throws(ConfigurationError) -> Double? {
    guard let value = value(key) else { return nil }
    let number: Double? =
      switch value {
      case .integer(let integer): Double(integer)
      case .double(let double): double
      default: nil
      }
    guard let number, range.contains(number) else {
      throw error(
        key, "must be a number from \(range.lowerBound) to \(range.upperBound), not \(value.article)")
    }
    return number
  }

  /// A number within a range, whole or not.
  public func double(
    _ key: String, in range: ClosedRange<Double>, default fallback: Double
  ) throws(ConfigurationError) -> Double { try double(key, in: range) ?? fallback }

  /// `true` or `false`.
  public func bool(_ key: String, default fallback: Bool) throws(ConfigurationError) -> Bool {
    guard let value = value(key) else { return fallback }
    guard case .bool(let bool) = value else {
      throw error(key, "must be true or false, not \(value.article)")
    }
    return bool
  }

  /// A duration such as `"50ms"`, `"10s"`, `"5m"`, `"24h"`, `"7d"`.
  public func duration(_ key: String, default fallback: Duration) throws(ConfigurationError) -> Duration {
    try duration(key) ?? fallback
  }

  /// A duration; `nil` if not given.
  public func duration(_ key: String) throws(ConfigurationError) -> Duration? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value, let duration = Duration(configuration: text) else {
      throw error(
        key, "must be a duration such as \"50ms\", \"10s\", \"5m\", \"24h\" or \"7d\", not \(value.article)")
    }
    return duration
  }

  /// A list of strings; `nil` if not given.
  public func strings(_ key: String) throws(ConfigurationError) -> [String]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value else {
      throw error(key, "must be an array of strings, not \(value.article)")
    }
    var strings: [String] = []
    for element in elements {
      guard case .string(let string) = element else {
        throw error(key, "must be an array of strings; \(element.article) is in it")
      }
      strings.append(string)
    }
    return strings
  }

  /// An object; an empty section if not given.
  public func section(_ key: String) throws(ConfigurationError) -> ConfigurationSection {
    guard let value = value(key) else { return ConfigurationSection(path: name(of: key), values: [:]) }
    guard case .object(let values) = value else {
      throw error(key, "must be an object, not \(value.article)")
    }
    return opened(key, values)
  }

  /// A list of objects; empty if not given.
  public func sections(_ key: String) throws(ConfigurationError) -> [ConfigurationSection] {
    guard let value = value(key) else { return [] }
    guard case .array(let elements) = value else {
      throw error(key, "must be an array of objects, not \(value.article)")
    }
    var sections: [ConfigurationSection] = []
    for (index, element) in elements.enumerated() {
      guard case .object(let values) = element else {
        throw error("\(key)[\(index)]", "must be an object, not \(element.article)")
      }
      sections.append(opened("\(key)[\(index)]", values))
    }
    return sections
  }

  private func opened(_ key: String, _ values: [String: ConfigurationValue]) -> ConfigurationSection {
    let section = ConfigurationSection(path: name(of: key), values: values)
    ConfigurationReading.current?.open(SectionKeys(path: section.path, given: section.keys))
    return section
  }

  /// Refuses the keys of this section that nobody has read, without waiting until the server does. What stands in sections inside it
  /// is for those to refuse.
  public func requireAllRead() throws(ConfigurationError) {
    try SectionKeys(path: path, given: keys, read: read).requireAllRead()
  }
}

extension Duration {
  /// Reads a whole number with one of the units `ms`, `s`, `m`, `h`, `d`; `nil` for anything else.
  init?(configuration text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
    switch text.dropFirst(digits.count) {
    case "ms": self = .milliseconds(count)
    case "s": self = .seconds(count)
    case "m": self = .seconds(count * 60)
    case "h": self = .seconds(count * 3600)
    case "d": self = .seconds(count * 86_400)
    default: return nil
    }
  }
}
