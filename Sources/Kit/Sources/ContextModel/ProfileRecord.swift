public import JSON

/// A profile with its extensions, as it is stored and shown.
public struct ProfileRecord: Sendable, Equatable {
  /// The profile.
  public var profile: Profile
  /// In the order of their names; each is a JSON value.
  public var extensions: [StoredExtension]

  /// A record by its parts.
  public init(_ profile: Profile, extensions: [StoredExtension] = []) {
    self.profile = profile
    self.extensions = extensions
  }

  /// The profile as the API shows it, with some of its extensions.
  public func write(to writer: inout JSONWriter, extensions selection: ExtensionSelection) {
    let shown = extensions.filter { selection.wants($0.name) }
    guard !shown.isEmpty else { return writer.raw(profile.document) }
    writer.beginObject()
    if case let document = profile.document.dropFirst().dropLast(), !document.isEmpty { writer.raw(document) }
    for stored in shown { stored.write(to: &writer) }
    writer.endObject()
  }

  /// The extensions as one JSON object; empty if there are none.
  public var extensionText: [UInt8] {
    guard !extensions.isEmpty else { return [] }
    var writer = JSONWriter()
    writer.beginObject()
    for stored in extensions { stored.write(to: &writer) }
    writer.endObject()
    return writer.bytes
  }

  /// The extension of that name, compared without case.
  public func `extension`(_ name: String) -> StoredExtension? {
    extensions.first { $0.name.lowercased() == name.lowercased() }
  }

  /// Keeps an extension, in place of a former one of that name; `nil` removes it.
  public mutating func set(_ name: String, _ text: [UInt8]?) {
    let folded = name.lowercased()
    if let index = extensions.firstIndex(where: { $0.name.lowercased() == folded }) {
      if let text { extensions[index].text = text } else { extensions.remove(at: index) }
    } else if let text {
      let place = extensions.firstIndex { folded < $0.name.lowercased() } ?? extensions.count
      extensions.insert(StoredExtension(name: name, text: text), at: place)
    }
  }

  /// Refuses a core attribute and an extension of one name, which would stand side by side in an answer.
  ///
  /// - Throws: 400 that names it.
  public func requireDistinctNames() throws(ContextError) {
    for stored in extensions {
      let folded = stored.name.lowercased()
      guard let attribute = profile.attributes.first(where: { $0.name.lowercased() == folded }) else {
        continue
      }
      throw .badField(
        attribute.name, code: "duplicate_key",
        message:
          "\(attribute.name) would be a core attribute and an extension of the profile; names are compared without case."
      )
    }
  }

  /// Whether the customer is as a query says.
  public func matches(_ query: IdentificationQuery, _ parser: JSONParser) -> Bool {
    query.criteria.allSatisfy { criterion in
      values(of: criterion.attribute, parser).contains(criterion.value)
    }
  }

  /// The values of a core attribute or, as `Phone.PhoneNumber`, of an extension's.
  private func values(of attribute: String, _ parser: JSONParser) -> [String] {
    guard let dot = attribute.firstIndex(of: ".") else { return profile.values(of: attribute) }
    let name = String(attribute[attribute.index(after: dot)...])
    return records(of: String(attribute[..<dot]), parser).compactMap { $0[name]?.identityText }
  }

  private func records(of name: String, _ parser: JSONParser) -> [JSONValue] {
    guard let stored = `extension`(name), let value = try? parser.parse(stored.text).root else { return [] }
    return value.kind == .array ? Array(value.elements) : [value]
  }

  /// Under what the customer is found by a key: for each combination of values the values in the order of the key, `nil`
  /// where there is none. At most ``mostIdentities``.
  public func identities(of key: IdentificationKey, _ parser: JSONParser) -> [[String?]] {
    var found: [[String?]] = []
    if let source = key.source {
      for record in records(of: source, parser) {
        found.append(key.attributes.map { record[$0]?.identityText })
      }
    } else {
      found = [[]]
      for attribute in key.attributes {
        let values: [String?] = profile.values(of: attribute)
        found = found.flatMap { start in (values.isEmpty ? [nil] : values).map { start + [$0] } }
          .prefix(Self.mostIdentities).map { $0 }
      }
    }
    // Without the first one nobody looks for it.
    return Array(found.filter { $0.first.map { $0 != nil } ?? false }.prefix(Self.mostIdentities))
  }

  /// Refuses a profile whose customer a key would find under more combinations of values than are kept: the others would find
  /// nobody, and a unique key would not guard them.
  ///
  /// - Throws: 400 that names the key's attributes.
  public func requireFewIdentities(of key: IdentificationKey, _ parser: JSONParser) throws(ContextError) {
    // A full list may have been cut off.
    guard let first = key.attributes.first, identities(of: key, parser).count == Self.mostIdentities else {
      return
    }
    let count =
      if let source = key.source {
        records(of: source, parser).count { $0[first]?.identityText != nil }
      } else {
        key.attributes.reduce(1) { count, attribute in
          min(count, Self.mostIdentities + 1) * max(1, profile.values(of: attribute).count)
        }
      }
    guard count > Self.mostIdentities else { return }
    throw .badField(
      key.parameters.joined(separator: ","), code: "too_long",
      message:
        "The identification key \(key.name) finds a customer under at most \(Self.mostIdentities) combinations of values; this profile has more.",
      allowed: ["at most \(Self.mostIdentities) combinations of the values of these attributes"])
  }

  /// Under how many combinations of values a customer is found by one key.
  public static let mostIdentities = 256
}

extension JSONValue {
  /// A scalar as it is written in a query; `nil` for anything else.
  fileprivate var identityText: String? {
    switch kind {
    case .string: string
    case .integer, .double, .boolean: String(decoding: text, as: UTF8.self)
    default: nil
    }
  }
}
