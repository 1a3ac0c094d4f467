import ContextModel
import JSON
import LiaisonKit

/// The answers to Query Business Attribute Schema, written once at the start. Immutable, so any thread may use it.
struct AttributeSchemas: Sendable {
  private let mapping: AttributeMapping
  private let all: [UInt8]
  private let texts: [[UInt8]]

  init(_ mapping: AttributeMapping) {
    self.mapping = mapping
    texts = mapping.attributes.map { attribute in
      var writer = JSONWriter()
      Self.write(attribute, mapping, to: &writer)
      return writer.bytes
    }
    var writer = JSONWriter()
    writer.beginArray()
    for text in texts { writer.raw(text) }
    writer.endArray()
    all = writer.bytes
  }

  /// One attribute by its name, or by a field that is mapped to it, or all of them.
  ///
  /// - Throws: 404 if there is none, or if the one of that name is not mapped to that field.
  func reply(to call: Call) throws(ContextError) -> Reply {
    var found: Range<Int>?
    if let name = call.name {
      guard let index = index(of: name) else {
        throw notFound("There is no business attribute \(name).", field: "name", value: name)
      }
      found = index..<index + 1
    }
    if let field = call.attributeField {
      let attribute = MappedField(field).flatMap { mapping[$0] }
      guard let index = mapping.attributes.firstIndex(where: { $0 === attribute }),
        found?.contains(index) ?? true
      else {
        throw notFound(
          "\(field) is not mapped to this or any business attribute.", field: "cv-attribute", value: field)
      }
      found = index..<index + 1
    }
    return Reply(content: .json(found.map { texts[$0.lowerBound] } ?? all))
  }

  private func index(of name: String) -> Int? {
    let folded = name.lowercased()
    return mapping.attributes.firstIndex { $0.label.name == name }
      ?? mapping.attributes.firstIndex { $0.label.name.lowercased() == folded }
  }

  private func notFound(_ message: String, field: String, value: String) -> ContextError {
    let known =
      field == "name"
      ? mapping.attributes.map(\.label.name) : mapping.attributes.flatMap { mapping.fields(of: $0) }
    return ContextError(
      status: 404, code: "business_attribute_not_found", message: message, field: field,
      value: JSONWriter.excerpt(of: value), allowed: Array(known.prefix(BusinessAttribute.mostListed)))
  }

  private static func write(
    _ attribute: BusinessAttribute, _ mapping: AttributeMapping, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    attribute.label.write(to: &writer)
    writer.key("map_name")
    writer.bool(mapping.mapsNames)
    writer.key("cv_attributes")
    writer.beginArray()
    for field in mapping.fields(of: attribute) { writer.string(field) }
    writer.endArray()
    writer.key("values")
    writer.beginArray()
    for value in attribute.values {
      writer.beginObject()
      value.write(to: &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}
