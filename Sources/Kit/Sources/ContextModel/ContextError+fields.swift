public import JSON

extension ContextError {
  /// 400: the body is JSON, but no object.
  public static func bodyNotObject(_ body: JSONValue) -> ContextError {
    ContextError(
      status: 400, code: "body_not_object", message: "The body must be a JSON object, not \(body.article).",
      allowed: ["object"])
  }

  /// A 400 about a field that is not what it must be.
  static func wrongField(
    _ field: String, _ code: String, _ value: JSONValue, _ allowed: String
  ) -> ContextError {
    .badField(
      field, code: code, message: "\(field) must be \(allowed); \(value.excerpt) was sent.",
      value: value.excerpt, allowed: [allowed])
  }
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
  /// Reads a field that holds one of some words.
  ///
  /// - Throws: a 400 that names the field.
  init(decoding value: JSONValue?, field: String) throws(ContextError) {
    let allowed = Self.allCases.map(\.rawValue)
    guard let value else { throw .missingField(field, allowed.joined(separator: ", ")) }
    guard let token = value.string.flatMap(Self.init(rawValue:)) else {
      throw .badField(
        field, code: value.kind == .string ? "bad_schema" : "wrong_type",
        message: "\(field) must be one of \(allowed.joined(separator: ", ")); \(value.excerpt) was sent.",
        value: value.excerpt, allowed: allowed)
    }
    self = token
  }
}
