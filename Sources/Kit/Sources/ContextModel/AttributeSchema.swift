public import JSON

/// One attribute of an extension's records (API page *Attribute Schema*).
public struct AttributeSchema: Sendable, Equatable {
  /// What an attribute's value may be.
  public enum ValueType: String, CaseIterable, Sendable {
    /// Text of at most `length` characters.
    case string
    /// 32 bits, signed.
    case integer
    /// 64 bits, signed.
    case long
    /// A 64-bit floating-point number; integers are accepted.
    case double
    /// `YYYY-MM-DD`.
    case date
    /// See ``Timestamp``.
    case datetime
    /// A decimal number with at most 4 digits behind the point; a number, or a string that holds one.
    case currency
    /// `true` or `false`.
    case boolean
  }

  /// Unique in its extension, compared exactly.
  public var name: String
  /// What its values are.
  public var type: ValueType
  /// The longest string, in characters, 1…65,536; `nil`: the longest there is. 0 in the API.
  public var length: Int?
  /// What a record without the attribute gets, as JSON text.
  public var defaultValue: [UInt8]?
  /// Whether a record without it, and without a default, is refused.
  public var isMandatory: Bool
  /// Kept and echoed; has no effect.
  public var isEncrypted: Bool

  /// The longest string of any attribute, in characters.
  public static let longestString = 65_536

  /// Writes the schema as the API shows it.
  ///
  /// - Parameters:
  ///   - writer: gets one object.
  ///   - isUnique: whether the extension's `unique` names this attribute.
  public func write(to writer: inout JSONWriter, isUnique: Bool) {
    writer.beginObject()
    writer.member("name", name)
    writer.member("type", type.rawValue)
    writer.member("length", Int64(length ?? 0))
    if let defaultValue {
      writer.key("default")
      writer.raw(defaultValue)
    }
    writer.key("mandatory")
    writer.bool(isMandatory)
    writer.key("unique")
    writer.bool(isUnique)
    if isEncrypted {
      writer.key("encrypt")
      writer.bool(true)
    }
    writer.endObject()
  }
}
