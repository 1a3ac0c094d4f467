import ContextModel
import LiaisonKit

/// The plugin's section of the configuration: the business attributes, and which fields they belong to.
/// Immutable, so any thread may use it.
struct AttributeMapping: Sendable {
  /// Whether answers show names instead of ids.
  let mapsNames: Bool
  /// In the order of the configuration.
  let attributes: [BusinessAttribute]
  /// The core attributes of profiles; `nil` if profiles may have any.
  let coreAttributes: CoreAttributes?
  private let fields: [MappedField: BusinessAttribute]
  private let spellings: [MappedField: String]

  /// Reads the section.
  ///
  /// - Throws: an error that names the key, also for keys that are not known.
  init(_ section: ConfigurationSection) throws(ConfigurationError) {
    mapsNames = try section.bool("map-names", default: false)
    (attributes, coreAttributes) = try Self.attributes(section)
    var fields: [MappedField: BusinessAttribute] = [:]
    var spellings: [MappedField: String] = [:]
    for key in section.keys where key != "map-names" && key != "attributes" {
      guard let field = MappedField(key) else {
        let known = MappedField.all.map(\.name).joined(separator: ", ")
        throw section.error(key, "is not a known option; known here: attributes, map-names, \(known)")
      }
      guard let name = try section.string(key) else { continue }
      guard let attribute = attributes.first(where: { $0.label.name == name }) else {
        let names = attributes.map { "\"\($0.label.name)\"" }.joined(separator: ", ")
        throw section.error(
          key,
          "must name one of the attributes (\(names.isEmpty ? "there are none" : names)), not \"\(name)\"")
      }
      if let other = spellings[field] {
        throw section.error(key, "maps the same field as \(section.name(of: other))")
      }
      fields[field] = attribute
      spellings[field] = key
    }
    self.fields = fields
    self.spellings = spellings
    try section.requireAllRead()
  }

  /// The attribute that a field is mapped to; `nil` if it is not mapped.
  subscript(resource: MappedField.Resource, kind: MappedField.Kind) -> BusinessAttribute? {
    fields[MappedField(resource, kind)]
  }

  /// The attribute that a field is mapped to; `nil` if it is not mapped.
  subscript(field: MappedField) -> BusinessAttribute? { fields[field] }

  /// The fields that are mapped to an attribute, as the configuration spells them.
  func fields(of attribute: BusinessAttribute) -> [String] {
    MappedField.all.filter { fields[$0] === attribute }.compactMap { spellings[$0] }
  }

  /// The name of the attribute whose values are the core attributes of profiles, in lower case and without spaces.
  private static let contactAttributes = "contactattributes"

  private static func attributes(
    _ section: ConfigurationSection
  ) throws(ConfigurationError) -> ([BusinessAttribute], CoreAttributes?) {
    var attributes: [BusinessAttribute] = []
    var core: [CoreAttributes.Attribute]?
    for attribute in try section.sections("attributes") {
      let label = try label(attribute, unlike: attributes.map(\.label))
      var values: [BusinessAttribute.Label] = []
      let isCore = label.name.lowercased().filter { $0 != " " } == contactAttributes
      if isCore { core = core ?? [] }
      for value in try attribute.sections("values") {
        let own = try Self.label(value, unlike: values)
        values.append(own)
        if isCore {
          let words = CoreAttributes.Kind.allCases.map(\.rawValue)
          let kind = CoreAttributes.Kind(rawValue: try value.choice("type", of: words, default: "string"))
          core?.append(CoreAttributes.Attribute(name: own.name, kind: kind ?? .string))
        }
        try value.requireAllRead()
      }
      try attribute.requireAllRead()
      attributes.append(BusinessAttribute(label, values: values))
    }
    return (attributes, core.map { CoreAttributes($0) })
  }

  private static func label(
    _ section: ConfigurationSection, unlike others: [BusinessAttribute.Label]
  ) throws(ConfigurationError) -> BusinessAttribute.Label {
    guard let name = try section.string("name"), (1...255).contains(name.unicodeScalars.count) else {
      throw section.error("name", "must be given: 1 to 255 characters")
    }
    let folded = name.lowercased()
    guard !others.contains(where: { $0.name.lowercased() == folded }) else {
      throw section.error("name", "must differ from the others in more than case; \"\(name)\" is given twice")
    }
    guard let id = section.value("dbid") else { throw section.error("dbid", "must be given") }
    guard case .integer(let id) = id, id >= 0 else {
      throw section.error("dbid", "must be an integer, 0 or more, not \(id.article)")
    }
    guard !others.contains(where: { $0.id == id }) else {
      throw section.error("dbid", "must differ from the others; \(id) is given twice")
    }
    return BusinessAttribute.Label(
      name: name, id: id, displayName: try section.string("display_name") ?? name,
      description: try section.string("description") ?? "")
  }
}
