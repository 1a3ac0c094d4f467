public import JSON

/// Reads one field's value, or says in an error what the field allows. What is allowed becomes words only in an error:
/// most fields of most events are right.
struct FieldReader {
  let field: EventField
  let value: JSONValue
  /// The object that the field stands in, if it is not the body itself.
  var parent: String?

  private var name: String { parent.map { "\($0).\(field.name)" } ?? "\(field.name)" }

  func string(_ length: ClosedRange<Int>) throws(ContextError) -> String {
    var allowed: String { "a string of \(length.lowerBound) to \(length.upperBound) characters" }
    guard let string = value.string else { throw error("wrong_type", allowed) }
    guard string.utf8.count >= length.lowerBound else { throw error("empty_value", allowed) }
    // A character takes at least a byte: counting is only needed where bytes alone do not decide.
    guard string.utf8.count <= length.upperBound || string.unicodeScalars.count <= length.upperBound else {
      throw error("too_long", allowed)
    }
    return string
  }

  /// A string without control characters, as ids are.
  func text(_ length: ClosedRange<Int>) throws(ContextError) -> String {
    let string = try string(length)
    guard !string.hasControlCharacters else {
      throw error(
        "bad_identifier",
        "a string of \(length.lowerBound) to \(length.upperBound) characters, none of them a control character"
      )
    }
    return string
  }

  func integer(_ range: ClosedRange<Int64>) throws(ContextError) -> Int64 {
    var allowed: String { "an integer from \(range.lowerBound) to \(range.upperBound)" }
    guard value.kind == .integer else { throw error("wrong_type", allowed) }
    guard let integer = value.int64, range.contains(integer) else { throw error("out_of_range", allowed) }
    return integer
  }

  func attributeValue() throws(ContextError) -> AttributeValue {
    let longest = AttributeValue.longestName
    var allowed: [String] { ["a 64-bit integer", "a string of 1 to \(longest) characters"] }
    switch value.kind {
    case .integer:
      guard let id = value.int64 else { throw error("out_of_range", allowed) }
      return .id(id)
    case .string: return .name(try string(1...longest))
    default: throw error("wrong_type", allowed)
    }
  }

  func timestamp() throws(ContextError) -> Timestamp {
    let parsed = value.withUTF8 { Timestamp(iso8601: $0) }
    switch parsed {
    case .some(.some(let timestamp)): return timestamp
    case .some(.none): throw error("bad_date", Timestamp.format)
    case .none: throw error("wrong_type", "a string \(Timestamp.format)")
    }
  }

  /// A service id; 8.5 clients may send it as a string.
  func serviceID() throws(ContextError) -> ServiceID {
    var allowed: String { "an integer from 1 to \(ServiceID.maximum)" }
    if let digits = value.withUTF8({ ServiceID(digits: $0) }) {
      guard let id = digits else { throw error("bad_identifier", allowed) }
      return id
    }
    guard value.kind == .integer else { throw error("wrong_type", allowed) }
    guard let id = value.int64.flatMap(ServiceID.init) else { throw error("out_of_range", allowed) }
    return id
  }

  /// The number of a state or task.
  func partID() throws(ContextError) -> PartID {
    guard value.kind == .integer else { throw error("wrong_type", PartID.requirement) }
    guard let id = value.int64.flatMap(PartID.init) else { throw error("out_of_range", PartID.requirement) }
    return id
  }

  /// Refuses anything but an object with these fields.
  func requireObject(of fields: [EventField]) throws(ContextError) {
    guard value.kind == .object else { throw error("wrong_type", "an object") }
    for member in value.members {
      if let found = EventField(name: member.nameBytes), fields.contains(found) { continue }
      throw .badField(
        "\(name).\(member.name)", code: "field_not_allowed",
        message: "\(member.name) is not a field of \(name).", allowed: fields.map { "\($0.name)" })
    }
  }

  func mismatch(with expected: String) -> ContextError {
    .badField(
      name, code: "field_mismatch",
      message: "\(name) in the body must equal the one in the path, \(expected).", value: value.excerpt,
      allowed: [expected])
  }

  private func error(_ code: String, _ allowed: String) -> ContextError { error(code, [allowed]) }

  private func error(_ code: String, _ allowed: [String]) -> ContextError {
    .badField(
      name, code: code,
      message: "\(name) must be \(allowed.joined(separator: " or ")); \(value.excerpt) was sent.",
      value: value.excerpt, allowed: allowed)
  }
}

extension JSONWriter {
  /// A string as JSON text of at most 80 characters, for messages.
  public static func excerpt(of text: String) -> String {
    var writer = JSONWriter(capacity: 96)
    writer.string(text.count <= 80 ? text : text.prefix(79) + "…")
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension JSONValue {
  /// The value as JSON text of at most 80 characters, for messages.
  public var excerpt: String {
    let whole = String(decoding: text, as: UTF8.self)
    return whole.count <= 80 ? whole : whole.prefix(79) + "…"
  }

  /// "an array", "a string"…
  public var article: String {
    switch kind {
    case .object, .array, .integer: "an \(kind.rawValue)"
    case .null: "null"
    default: "a \(kind.rawValue)"
    }
  }
}

extension String {
  /// Whether a C0 or C1 control character or DEL is in it.
  public var hasControlCharacters: Bool {
    unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
  }
}
