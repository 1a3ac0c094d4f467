import JSON

/// A JSON value that is written down in the source, members in their order.
indirect enum JSONNode: Sendable {
  case object([(String, JSONNode)])
  case array([JSONNode])
  case string(String)
  case integer(Int64)
  case bool(Bool)

  /// A reference to a component, as `schemas/Service`.
  static func reference(_ component: String) -> JSONNode { ["$ref": .string("#/components/\(component)")] }

  func write(to writer: inout JSONWriter) {
    switch self {
    case .object(let members):
      writer.beginObject()
      for (name, value) in members {
        writer.key(name)
        value.write(to: &writer)
      }
      writer.endObject()
    case .array(let elements):
      writer.beginArray()
      for element in elements { element.write(to: &writer) }
      writer.endArray()
    case .string(let value): writer.string(value)
    case .integer(let value): writer.integer(value)
    case .bool(let value): writer.bool(value)
    }
  }

  /// As JSON text.
  var text: [UInt8] {
    var writer = JSONWriter(capacity: 1 << 16)
    write(to: &writer)
    return writer.bytes
  }
}

// Apart from the type: its conformances are inferred from its cases, which refer to it.

extension JSONNode: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
  init(dictionaryLiteral elements: (String, JSONNode)...) { self = .object(elements) }
  init(arrayLiteral elements: JSONNode...) { self = .array(elements) }
}

extension JSONNode: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int64) { self = .integer(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
}
