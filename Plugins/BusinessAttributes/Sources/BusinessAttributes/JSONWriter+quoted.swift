import JSON

extension JSONWriter {
  /// A string as JSON text of at most 80 characters, for messages.
  static func quoted(_ string: String) -> String {
    var writer = JSONWriter()
    writer.string(string)
    let text = String(decoding: writer.bytes, as: UTF8.self)
    return text.count <= 80 ? text : text.prefix(79) + "…"
  }
}
