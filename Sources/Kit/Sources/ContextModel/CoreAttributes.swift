import JSON

/// Which core attributes the profiles of customers may have: the values of the business attribute "Contact Attributes" (API page
/// *Profile*).
public struct CoreAttributes: Equatable, Sendable {
  /// What the values of an attribute are.
  public enum Kind: String, CaseIterable, Sendable {
    /// Any text.
    case string
    /// `YYYY-MM-DD`, or a date with a time as events have it.
    case date
  }

  /// An attribute.
  public struct Attribute: Equatable, Sendable {
    /// Its name; compared without case.
    public var name: String
    /// What its values are.
    public var kind: Kind

    /// An attribute by its parts.
    public init(name: String, kind: Kind = .string) {
      self.name = name
      self.kind = kind
    }
  }

  /// In the order of the configuration.
  public let attributes: [Attribute]
  private let places: [String: Int]

  /// The attributes there are; of those that differ in case alone the last one counts.
  public init(_ attributes: [Attribute]) {
    self.attributes = attributes
    places = Dictionary(attributes.enumerated().map { ($1.name.lowercased(), $0) }) { $1 }
  }

  /// The attribute of that name, compared without case.
  public subscript(name: String) -> Attribute? { places[name.lowercased()].map { attributes[$0] } }
}

extension IdentificationKey {
  /// Refuses attributes that there are not, or that are the same; the others get the name as it is configured.
  ///
  /// - Throws: 400 that names them.
  public mutating func require(_ core: CoreAttributes) throws(ContextError) {
    let sent = attributes
    attributes = []
    for attribute in sent {
      guard let known = core[attribute], !attributes.contains(known.name) else {
        throw .badField(
          "attributes", code: "bad_schema",
          message:
            "\(attribute) must be a value of the business attribute Contact Attributes, and stand there once.",
          allowed: core.attributes.map(\.name))
      }
      attributes.append(known.name)
    }
  }
}

extension ProfileBody {
  /// How many names an error lists at most.
  private static let mostListed = 50

  /// Refuses core attributes that do not exist, or whose values are of another kind; the others get the name as it is configured.
  ///
  /// - Parameter core: `nil` to let everything pass.
  /// - Throws: 400 that names the attribute.
  public mutating func require(_ core: CoreAttributes?) throws(ContextError) {
    guard let core else { return }
    for index in attributes.indices {
      let sent = attributes[index]
      guard let known = core[sent.name] else {
        throw .badField(
          sent.name, code: "unknown_core_attribute",
          message: "\(sent.name) is no value of the business attribute Contact Attributes.",
          allowed: Array(core.attributes.map(\.name).prefix(Self.mostListed)))
      }
      attributes[index].name = known.name
      guard known.kind == .date else { continue }
      for value in sent.values where Timestamp(value) == nil && Timestamp(value + "T00:00:00Z") == nil {
        throw .badField(
          sent.name, code: "bad_date",
          message: "\(sent.name) must be a date: YYYY-MM-DD or \(Timestamp.format).",
          value: JSONWriter.excerpt(of: value), allowed: ["YYYY-MM-DD", Timestamp.format])
      }
    }
  }
}
