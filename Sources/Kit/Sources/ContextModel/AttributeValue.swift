public import JSON

/// A "long or string" field: the DB id of a business attribute's value, or its name.
public enum AttributeValue: Hashable, Sendable, CustomStringConvertible {
  /// A DB id; any 64-bit integer where the field is not mapped.
  case id(Int64)
  /// A name of 1…255 characters.
  case name(String)

  /// The longest name, in characters.
  public static let longestName = 255

  /// The id or the name, bare.
  public var description: String {
    switch self {
    case .id(let id): String(id)
    case .name(let name): name
    }
  }

  /// Writes the id as a number, the name as a string.
  public func write(to writer: inout JSONWriter) {
    switch self {
    case .id(let id): writer.integer(id)
    case .name(let name): writer.string(name)
    }
  }

  /// Reads what ``write(to:)`` wrote.
  public init?(_ value: JSONValue) {
    if let id = value.int64 {
      self = .id(id)
    } else if let name = value.string {
      self = .name(name)
    } else {
      return nil
    }
  }
}
