/// A value of the configuration file.
public enum ConfigurationValue: Sendable, Equatable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A whole number.
  case integer(Int64)
  /// Any other number.
  case double(Double)
  /// Text.
  case string(String)
  /// `[…]`
  case array([ConfigurationValue])
  /// `{…}`
  case object([String: ConfigurationValue])

  /// The value as messages show it: scalars themselves, else `an array` or `an object`.
  public var article: String {
    switch self {
    case .null: "null"
    case .bool(let bool): "\(bool)"
    case .integer(let integer): "\(integer)"
    case .double(let double): "\(double)"
    case .string(let string): "\"\(string)\""
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// Why a configuration is refused.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
  /// The whole key, as `http.max-body`.
  public let key: String
  /// What is wrong, and what is allowed.
  public let message: String

  /// An error about one key.
  public init(_ key: String, _ message: String) {
    self.key = key
    self.message = message
  }

  /// One line.
  public var description: String { key.isEmpty ? message : "\(key): \(message)" }
}
