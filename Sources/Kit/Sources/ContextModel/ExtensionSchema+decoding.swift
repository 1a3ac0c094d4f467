public import JSON

extension ExtensionSchema {
  private static let members = ["name", "type", "attributes", "unique"]

  /// Reads a schema from a Create … Extension Schema body, or from what the store kept.
  ///
  /// - Throws: a 400 that names the wrong part of the schema.
  public init(decoding body: JSONValue) throws(ContextError) {
    guard body.kind == .object else { throw .bodyNotObject(body) }
    for member in body.members where !Self.members.contains(member.name) {
      throw .badField(
        member.name, code: "bad_schema", message: "\(member.name) is not part of an extension schema.",
        allowed: Self.members)
    }
    name = try Self.name(body["name"])
    multiplicity = try Multiplicity(decoding: body["type"], field: "type")
    attributes = try Self.attributes(body["attributes"], of: multiplicity)
    unique = []
    unique = try Self.unique(body["unique"], among: attributes, of: multiplicity)
  }

  private static func name(_ value: JSONValue?) throws(ContextError) -> String {
    let allowed = "a letter, then letters, digits and _, at most \(longestName) characters"
    guard let value else { throw .missingField("name", allowed) }
    guard let name = value.string else { throw .wrongField("name", "wrong_type", value, allowed) }
    guard name.utf8.count <= longestName else { throw .wrongField("name", "too_long", value, allowed) }
    guard name.isIdentifier else { throw .wrongField("name", "bad_schema", value, allowed) }
    guard !EventField.allCases.contains(where: { "\($0.name)" == name.lowercased() }) else {
      throw .wrongField("name", "bad_schema", value, "a name that is no field of a service")
    }
    return name
  }

  private static func attributes(
    _ value: JSONValue?, of multiplicity: Multiplicity
  ) throws(ContextError) -> [AttributeSchema] {
    if multiplicity == .classifier {
      guard let value, value.elements.contains(where: { _ in true }) || value.kind != .array else {
        return []
      }
      throw .wrongField("attributes", "bad_schema", value, "no attributes: a classifier is a flag")
    }
    let allowed = "an array of 1 to \(mostAttributes) attributes"
    guard let value else { throw .missingField("attributes", allowed) }
    guard value.kind == .array else { throw .wrongField("attributes", "wrong_type", value, allowed) }
    var attributes: [AttributeSchema] = []
    for (index, element) in value.elements.enumerated() {
      guard index < mostAttributes else { throw .wrongField("attributes", "bad_schema", value, allowed) }
      let attribute = try AttributeSchema(decoding: element, at: "attributes[\(index)]")
      guard !attributes.contains(where: { $0.name == attribute.name }) else {
        throw .wrongField(
          "attributes[\(index)].name", "bad_schema", element, "a name that no other attribute has")
      }
      attributes.append(attribute)
    }
    guard !attributes.isEmpty else { throw .wrongField("attributes", "bad_schema", value, allowed) }
    return attributes
  }

  private static func unique(
    _ value: JSONValue?, among attributes: [AttributeSchema], of multiplicity: Multiplicity
  ) throws(ContextError) -> [String] {
    guard let value, !value.isNull else { return [] }
    let allowed = "an array of names of attributes of this schema, each once"
    guard value.kind == .array else { throw .wrongField("unique", "wrong_type", value, allowed) }
    var names: [String] = []
    for element in value.elements {
      guard let name = element.string, attributes.contains(where: { $0.name == name }), !names.contains(name)
      else { throw .wrongField("unique", "bad_schema", value, allowed) }
      names.append(name)
    }
    return names
  }
}

extension AttributeSchema {
  private static let members = ["name", "type", "length", "default", "mandatory", "unique", "encrypt"]

  /// Reads one element of a schema's `attributes`.
  init(decoding value: JSONValue, at place: String) throws(ContextError) {
    guard value.kind == .object else { throw .wrongField(place, "wrong_type", value, "an object") }
    for member in value.members where !Self.members.contains(member.name) {
      throw .badField(
        "\(place).\(member.name)", code: "bad_schema",
        message: "\(member.name) is not part of an attribute schema.",
        allowed: Self.members)
    }
    let named = "a letter, then letters, digits and _, at most 64 characters"
    guard let nameValue = value["name"] else { throw .missingField("\(place).name", named) }
    guard let name = nameValue.string else {
      throw .wrongField("\(place).name", "wrong_type", nameValue, named)
    }
    guard name.isIdentifier, name.utf8.count <= 64 else {
      throw .wrongField("\(place).name", "bad_schema", nameValue, named)
    }
    self.name = name
    type = try ValueType(decoding: value["type"], field: "\(place).type")
    length = try Self.length(value["length"], of: type, at: "\(place).length")
    isMandatory = try Self.flag(value["mandatory"], at: "\(place).mandatory")
    isEncrypted = try Self.flag(value["encrypt"], at: "\(place).encrypt")
    // Echoed by queries and therefore accepted; what counts is the schema's own `unique`.
    _ = try Self.flag(value["unique"], at: "\(place).unique")
    if let given = value["default"], !given.isNull {
      guard accepts(given) else {
        throw .wrongField("\(place).default", "bad_schema", given, requirement)
      }
      defaultValue = given.text
    }
  }

  private static func length(
    _ value: JSONValue?, of type: ValueType, at place: String
  ) throws(ContextError) -> Int? {
    guard let value else { return nil }
    let allowed = "an integer from 0 to \(longestString), 0 for no limit of its own"
    guard value.kind == .integer else { throw .wrongField(place, "wrong_type", value, allowed) }
    guard let length = value.int64, (0...Int64(longestString)).contains(length) else {
      throw .wrongField(place, "out_of_range", value, allowed)
    }
    return length == 0 || type != .string ? nil : Int(length)
  }

  private static func flag(_ value: JSONValue?, at place: String) throws(ContextError) -> Bool {
    guard let value else { return false }
    guard let flag = value.bool else {
      throw .wrongField(place, "wrong_type", value, "true or false")
    }
    return flag
  }
}

extension String {
  /// A letter, then letters, digits and `_`, all ASCII.
  var isIdentifier: Bool {
    guard let first = utf8.first, first.isLetter else { return false }
    return utf8.allSatisfy { $0.isLetter || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
  }
}

extension UInt8 {
  fileprivate var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
}
