import ContextModel
import JSON

extension ExtensionCheck {
  /// A checked value with the defaults of every record filled in, behind what was sent.
  ///
  /// - Throws: 400 if that makes it too large.
  func filled(_ value: JSONValue) throws(ContextError) -> JSONValue {
    var writer = JSONWriter(capacity: 1024)
    if value.kind == .object {
      write(value, to: &writer)
    } else {
      writer.beginArray()
      for record in value.elements {
        write(record, to: &writer)
        // Checked as it grows: a short body can ask for many long defaults.
        guard writer.bytes.count <= largest else { throw tooLarge }
      }
      writer.endArray()
    }
    guard writer.bytes.count <= largest else { throw tooLarge }
    do {
      return try parser.parse(writer.bytes).root
    } catch {
      // What the writer wrote can be parsed, unless memory is short.
      throw .internalError("The defaults of extension \(schema.name) could not be filled in: \(error).")
    }
  }

  private func write(_ record: JSONValue, to writer: inout JSONWriter) {
    writer.beginObject()
    var present = AttributeIndex.Set(count: schema.attributes.count)
    var cursor = schema.index.cursor()
    for member in record.members {
      guard let position = cursor.position(of: member.nameBytes) else { continue }
      // A null says that there is no value: the default stands in for it.
      if member.value.isNull && schema.attributes[position].defaultValue != nil { continue }
      present.insert(position)
      writer.key(schema.attributes[position].name)
      writer.value(member.value)
    }
    for (position, attribute) in schema.attributes.enumerated() where !present.contains(position) {
      guard let text = attribute.defaultValue else { continue }
      writer.key(attribute.name)
      writer.raw(text)
    }
    writer.endObject()
  }

  private var tooLarge: ContextError {
    violation([], nil, "has more than \(largest) bytes once its defaults are filled in")
  }
}
