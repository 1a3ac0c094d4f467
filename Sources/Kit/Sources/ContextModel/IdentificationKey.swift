public import JSON

/// Attributes by which customers are found (API page *Identification Key*).
public struct IdentificationKey: Equatable, Sendable {
  /// A letter, then letters, digits and `_`; at most 26 characters; compared without case.
  public var name: String
  /// The order of keys of equal worth; made by the server.
  public var id: Int64
  /// The extension whose attributes they are; `nil` for core attributes of the profile.
  public var source: String?
  /// The attributes, the most significant one first.
  public var attributes: [String]
  /// Whether no two customers may have the same values.
  public var isUnique: Bool
  /// Whether all profiles are found by it already; not so while it is new.
  public var isReady = true

  /// The most attributes of a key.
  public static let mostAttributes = 16

  /// How many of the attributes, from the left, are among `names`.
  public func score(_ names: Set<String>) -> Int {
    let names = Set(names.map(\.foldingExtension))
    return parameters.prefix { names.contains($0.foldingExtension) }.count
  }

  /// How the attributes are written in the query of Identify Customer: those of an extension with its name before.
  public var parameters: [String] {
    source.map { source in attributes.map { "\(source).\($0)" } } ?? attributes
  }

  /// The key as the API shows it.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", name)
    writer.member("source", source ?? "profile")
    writer.key("attributes")
    writer.beginArray()
    for attribute in attributes { writer.string(attribute) }
    writer.endArray()
    writer.key("unique")
    writer.bool(isUnique)
    writer.endObject()
  }

  /// The key as JSON text: what the store keeps beside its id.
  public var text: [UInt8] {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.bytes
  }
}

extension IdentificationKey {
  private static let members = ["name", "source", "attributes", "unique"]

  /// Reads a key from the body of Create Identification Key, or from what the store kept.
  ///
  /// - Throws: a 400 that names the wrong part.
  public init(decoding body: JSONValue, id: Int64 = 0) throws(ContextError) {
    guard body.kind == .object else { throw .bodyNotObject(body) }
    for member in body.members where !Self.members.contains(member.name) {
      throw .badField(
        member.name, code: "bad_schema", message: "\(member.name) is not part of an identification key.",
        allowed: Self.members)
    }
    self.id = id
    name = try Self.identifier(body["name"], "name")
    let source = try body["source"].map { (value) throws(ContextError) in try Self.identifier(value, "source")
    }
    self.source = source == "profile" ? nil : source
    attributes = try Self.attributes(body["attributes"])
    guard let flag = body["unique"] else {
      isUnique = false
      return
    }
    guard let unique = flag.bool else {
      throw .wrongField("unique", "wrong_type", flag, "true or false")
    }
    isUnique = unique
  }

  private static func identifier(_ value: JSONValue?, _ field: String) throws(ContextError) -> String {
    let longest = ExtensionSchema.longestName
    let allowed = "a letter, then letters, digits and _, at most \(longest) characters"
    guard let value else { throw .missingField(field, allowed) }
    guard let name = value.string else { throw .wrongField(field, "wrong_type", value, allowed) }
    guard name.utf8.count <= longest else { throw .wrongField(field, "too_long", value, allowed) }
    guard name.isIdentifier else { throw .wrongField(field, "bad_schema", value, allowed) }
    return name
  }

  private static func attributes(_ value: JSONValue?) throws(ContextError) -> [String] {
    let allowed = "an array of 1 to \(mostAttributes) names of attributes, each once"
    guard let value else { throw .missingField("attributes", allowed) }
    guard value.kind == .array else {
      throw .wrongField("attributes", "wrong_type", value, allowed)
    }
    var names: [String] = []
    for element in value.elements {
      guard let name = element.string, !name.isEmpty, name.unicodeScalars.count <= ProfileBody.longestName,
        !names.contains(name), names.count < mostAttributes
      else { throw .wrongField("attributes", "bad_schema", value, allowed) }
      names.append(name)
    }
    guard !names.isEmpty else { throw .wrongField("attributes", "bad_schema", value, allowed) }
    return names
  }
}

extension [IdentificationKey] {
  /// All keys with their ids, as the store keeps them.
  public var storedText: [UInt8] {
    var writer = JSONWriter()
    writer.beginArray()
    for key in self {
      writer.beginObject()
      writer.member("id", key.id)
      writer.key("ready")
      writer.bool(key.isReady)
      writer.key("key")
      key.write(to: &writer)
      writer.endObject()
    }
    writer.endArray()
    return writer.bytes
  }

  /// Reads what ``storedText`` wrote.
  public init(stored value: JSONValue) throws(ContextError) {
    self = []
    for element in value.elements {
      guard let body = element["key"], let id = element["id"]?.int64 else { continue }
      var key = try IdentificationKey(decoding: body, id: id)
      key.isReady = element["ready"]?.bool ?? true
      append(key)
    }
  }
}

extension String {
  /// A parameter of Identify Customer as it is compared: of `Phone.number` the name of the extension without case.
  var foldingExtension: String {
    guard let dot = firstIndex(of: ".") else { return self }
    return self[..<dot].lowercased() + self[dot...]
  }
}
