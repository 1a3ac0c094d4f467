public import JSON

/// The body of an operation that creates or changes a profile: core attributes, and extensions.
///
/// What is a string, or an array of strings, is a core attribute; anything else is an extension.
public struct ProfileBody: Sendable {
  /// The customer, if the body names one.
  public var customerID: String?
  /// The core attributes.
  public var attributes: [Profile.Attribute] = []
  /// The extensions; names differ in more than case.
  public var extensions: [Extension] = []

  /// The longest name of a core attribute, in characters.
  public static let longestName = 64
  /// The longest value of a core attribute, in characters.
  public static let longestValue = 1024
  /// The most values that a core attribute can have.
  public static let mostValues = 100
  /// The most core attributes that a profile can have.
  public static let mostAttributes = 256

  /// A body with nothing in it.
  public init() {}

  /// Reads a body.
  ///
  /// - Parameters:
  ///   - body: as it was sent.
  ///   - customer: the customer of the path, which a `customer_id` in the body must equal.
  ///   - extensionsOnly: whether the body may hold nothing but extensions.
  ///   - longestCustomerID: in characters.
  /// - Throws: a 400 that names the field, what was sent and what is allowed.
  public init(
    decoding body: JSONValue, customer: String? = nil, extensionsOnly: Bool = false,
    longestCustomerID: Int = 64
  ) throws(ContextError) {
    guard body.kind == .object else { throw .bodyNotObject(body) }
    var names: Set<String> = []
    for member in body.members {
      let name = member.name
      if name == "customer_id" {
        let reader = FieldReader(field: .customerID, value: member.value)
        let id = try reader.text(1...longestCustomerID)
        if let customer, id != customer { throw reader.mismatch(with: customer) }
        customerID = id
        continue
      }
      guard names.insert(name.lowercased()).inserted else {
        throw .badField(
          name, code: "duplicate_key",
          message: "\(name) is given twice in the body; names are compared without case.")
      }
      if !extensionsOnly, let values = try Self.values(member.value, of: name) {
        guard (1...Self.longestName).contains(name.unicodeScalars.count), !name.hasControlCharacters else {
          throw .badField(
            name, code: name.isEmpty ? "empty_value" : "bad_identifier",
            message:
              "The name of a core attribute has 1 to \(Self.longestName) characters, none of them a control character.",
            allowed: ["1 to \(Self.longestName) characters"])
        }
        guard attributes.count < Self.mostAttributes else {
          let allowed = "at most \(Self.mostAttributes) core attributes"
          throw .badField(
            name, code: "too_long", message: "A profile has \(allowed); \(name) is one too many.",
            allowed: [allowed])
        }
        attributes.append(Profile.Attribute(name: name, values: values))
      } else {
        try Extension.requireName(name)
        try Extension.requireRoom(for: name, behind: extensions)
        extensions.append(Extension(name: name, value: member.value))
      }
    }
  }

  /// The values of a core attribute; `nil` if this is an extension.
  private static func values(_ value: JSONValue, of name: String) throws(ContextError) -> [String]? {
    let allowed = "a string of at most \(longestValue) characters, or an array of 1 to \(mostValues) of them"
    var values: [String] = []
    switch value.kind {
    case .string: values = [value.string ?? ""]
    case .array:
      guard value.elements.contains(where: { $0.kind == .string }) else { return nil }
      for element in value.elements {
        guard let text = element.string else {
          throw .badField(
            name, code: "wrong_type", message: "\(name) must be \(allowed); \(value.excerpt) was sent.",
            value: value.excerpt, allowed: [allowed])
        }
        values.append(text)
      }
    default: return nil
    }
    guard values.count <= mostValues, values.allSatisfy({ $0.unicodeScalars.count <= longestValue }) else {
      throw .badField(
        name, code: "too_long", message: "\(name) must be \(allowed).", value: value.excerpt,
        allowed: [allowed])
    }
    return values
  }
}

extension ProfileBody {
  /// As compact JSON, as the change sequence keeps it; the customer stands beside it.
  public var text: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    for attribute in attributes {
      writer.key(attribute.name)
      writer.beginArray()
      for value in attribute.values { writer.string(value) }
      writer.endArray()
    }
    for given in extensions {
      writer.key(given.name)
      writer.value(given.value)
    }
    writer.endObject()
    return writer.bytes
  }
}
