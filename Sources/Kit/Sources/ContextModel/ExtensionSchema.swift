public import JSON

/// What an extension of that name looks like (API page *Extension Schema*).
public struct ExtensionSchema: Sendable, Equatable {
  /// How many records an owner may have.
  public enum Multiplicity: String, CaseIterable, Sendable {
    /// One object.
    case single = "single-valued"
    /// An array of objects.
    case multiple = "multi-valued"
    /// A flag: an object without attributes.
    case classifier
  }

  /// A letter, then letters, digits and `_`; at most 26 characters; compared without case.
  public var name: String
  /// How many records.
  public var multiplicity: Multiplicity
  /// The attributes of a record.
  public var attributes: [AttributeSchema]
  /// The attributes that together tell the records of one owner apart; empty for none.
  public var unique: [String]

  /// The longest name, in characters.
  public static let longestName = 26

  /// How many attributes an extension may have.
  public static let mostAttributes = 256

  /// The attribute of that name.
  public func attribute(_ name: String) -> AttributeSchema? { attributes.first { $0.name == name } }

  /// The attributes that ``unique`` names.
  public var uniqueAttributes: [AttributeSchema] { unique.compactMap(attribute) }

  /// The schema as the API shows it.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", name)
    writer.member("type", multiplicity.rawValue)
    writer.key("attributes")
    writer.beginArray()
    for attribute in attributes {
      attribute.write(to: &writer, isUnique: unique.contains(attribute.name))
    }
    writer.endArray()
    if !unique.isEmpty {
      writer.key("unique")
      writer.beginArray()
      for name in unique { writer.string(name) }
      writer.endArray()
    }
    writer.endObject()
  }

  /// The schema as JSON text: what the store keeps.
  public var text: [UInt8] {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.bytes
  }
}
