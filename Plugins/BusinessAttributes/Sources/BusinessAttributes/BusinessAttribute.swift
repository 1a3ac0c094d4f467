import ContextModel
import JSON

/// An enumeration of the contact center's, such as the media types: values with DB ids and names (API page
/// *Business Attributes*). Immutable, so any thread may use it.
final class BusinessAttribute: Sendable {
  /// What an attribute and each of its values are called.
  struct Label: Sendable {
    /// Unique among its like, compared without case.
    var name: String
    /// Unique among its like.
    var id: Int64
    /// For people; the name if none is given.
    var displayName: String
    /// For people; may be empty.
    var description: String

    /// Writes the members that attributes and values have in common.
    func write(to writer: inout JSONWriter) {
      writer.key("name")
      writer.string(name)
      writer.key("dbid")
      writer.integer(id)
      writer.key("display_name")
      writer.string(displayName)
      writer.key("description")
      writer.string(description)
    }
  }

  /// How many values an error lists at most.
  static let mostListed = 50

  /// The attribute itself.
  let label: Label
  /// Its values in the order of the configuration.
  let values: [Label]
  /// The values as errors list them: `1 (voice)`.
  let allowed: [String]

  private let names: [Int64: String]
  private let ids: [String: Int64]
  private let foldedIDs: [String: Int64]

  /// An attribute. No two of its values have the same id, or names that differ in case alone.
  init(_ label: Label, values: [Label]) {
    self.label = label
    self.values = values
    names = Dictionary(uniqueKeysWithValues: values.map { ($0.id, $0.name) })
    ids = Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.id) })
    foldedIDs = Dictionary(uniqueKeysWithValues: values.map { ($0.name.lowercased(), $0.id) })
    let listed = values.prefix(Self.mostListed).map { "\($0.id) (\($0.name))" }
    let more = values.count - listed.count
    allowed = more > 0 ? listed + ["… and \(more) more"] : listed
  }

  /// The name of a value; `nil` if there is none of that id.
  func name(of id: Int64) -> String? { names[id] }

  /// The id of a value, from its id or name; `nil` if there is none. A name is compared exactly, then without case.
  func id(of value: AttributeValue) -> Int64? {
    switch value {
    case .id(let id): names[id] == nil ? nil : id
    case .name(let name): ids[name] ?? foldedIDs[name.lowercased()]
    }
  }

  /// The id of a value from a query's text: a number is an id, anything else a name.
  func id(ofText value: AttributeValue) -> Int64? {
    guard case .name(let text) = value, let number = Int64(text) else { return id(of: value) }
    return id(of: .id(number))
  }

  /// 400: no value of this attribute.
  func unknown(_ value: AttributeValue, in field: String) -> ContextError {
    let shown =
      switch value {
      case .id(let id): "\(id)"
      case .name(let name): JSONWriter.excerpt(of: name)
      }
    return .badField(
      field, code: "unknown_attribute_value",
      message: "\(field) must be an id or a name of the business attribute \(label.name); \(shown) was sent.",
      value: shown, allowed: allowed)
  }
}
