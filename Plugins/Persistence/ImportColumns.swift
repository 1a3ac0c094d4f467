import ContextModel
import JSON

/// What the columns of an import are: core attributes, or attributes of extensions as `Phone.number`. A name that is given twice
/// gives an attribute several values.
struct ImportColumns: Sendable {
  private let names: [String]
  private let schemas: [String: ExtensionSchema]
  private let core: CoreAttributes?
  private let longestCustomerID: Int
  /// See `Call.profileCheck`.
  private let check: (@Sendable (inout ProfileBody) throws(ContextError) -> Void)?

  /// Reads the first row.
  ///
  /// - Parameter catalog: the schemas that extensions must have; `nil` where they are free.
  /// - Throws: 400 that names the column.
  init(
    _ header: [String], _ catalog: SchemaCatalog?, _ core: CoreAttributes?, longestCustomerID: Int,
    tenant: Tenant,
    check: (@Sendable (inout ProfileBody) throws(ContextError) -> Void)?
  ) throws(ContextError) {
    self.core = core
    self.longestCustomerID = longestCustomerID
    self.check = check
    names = header.map { $0.trimmingSpaces }
    var schemas: [String: ExtensionSchema] = [:]
    for name in names {
      guard !name.isEmpty else {
        throw .badField("profiles", code: "bad_csv", message: "A column of the file has no name.")
      }
      guard let dot = name.firstIndex(of: ".") else {
        var body = ProfileBody()
        if name != "customer_id" { body.attributes = [Profile.Attribute(name: name, values: [])] }
        try body.require(core)
        continue
      }
      let (owner, attribute) = (String(name[..<dot]), String(name[name.index(after: dot)...]))
      guard let catalog else { continue }
      guard let schema = catalog.schema(owner, of: .profile, tenant: tenant) else {
        throw .badField(
          name, code: "unknown_extension",
          message: "There is no extension \(owner) with a schema for profiles.")
      }
      guard schema.attribute(attribute) != nil else {
        throw .badField(
          name, code: "extension_violation",
          message: "The extension \(schema.name) has no attribute \(attribute).",
          allowed: schema.attributes.map(\.name))
      }
      schemas[owner] = schema
    }
    self.schemas = schemas
  }

  /// The profile of a row; an empty field is no value.
  ///
  /// - Throws: 400 that names the column.
  func profile(_ row: [String], _ parser: JSONParser) throws(ContextError) -> ProfileBody {
    guard row.count == names.count else {
      throw .badField(
        "profiles", code: "bad_csv", message: "The row has \(row.count) fields, the first row \(names.count)."
      )
    }
    var values: [(name: String, values: [String])] = []
    var records: [(owner: String, members: [(name: String, text: String)])] = []
    for (name, value) in zip(names, row) where !value.isEmpty {
      if let dot = name.firstIndex(of: ".") {
        let (owner, attribute) = (String(name[..<dot]), String(name[name.index(after: dot)...]))
        let index = records.firstIndex { $0.owner == owner } ?? records.count
        if index == records.count { records.append((owner, [])) }
        records[index].members.append((attribute, value))
      } else if let index = values.firstIndex(where: { $0.name == name }) {
        values[index].values.append(value)
      } else {
        values.append((name, [value]))
      }
    }
    var writer = JSONWriter()
    writer.beginObject()
    for (name, values) in values {
      writer.key(name)
      if values.count == 1 {
        writer.string(values[0])
      } else {
        writer.beginArray()
        for value in values { writer.string(value) }
        writer.endArray()
      }
    }
    for (owner, members) in records { try write(owner, members, to: &writer) }
    writer.endObject()
    guard let document = try? parser.parse(writer.bytes) else {
      throw .badField("profiles", code: "bad_csv", message: "A column is given twice.")
    }
    var body = try ProfileBody(decoding: document.root, longestCustomerID: longestCustomerID)
    try body.require(core)
    try check?(&body)
    return body
  }

  private func write(
    _ owner: String, _ members: [(name: String, text: String)], to writer: inout JSONWriter
  ) throws(ContextError) {
    let schema = schemas[owner]
    writer.key(schema?.name ?? owner)
    if schema?.multiplicity == .multiple { writer.beginArray() }
    writer.beginObject()
    for (name, text) in members {
      writer.key(name)
      try write(text, schema?.attribute(name), column: "\(owner).\(name)", to: &writer)
    }
    writer.endObject()
    if schema?.multiplicity == .multiple { writer.endArray() }
  }

  private func write(
    _ text: String, _ attribute: AttributeSchema?, column: String, to writer: inout JSONWriter
  ) throws(ContextError) {
    guard let attribute else { return writer.string(text) }
    var value = JSONWriter()
    switch attribute.type {
    case .integer, .long:
      if let number = Int64(text) { value.integer(number) } else { value.string(text) }
    case .double:
      if let number = Double(text), number.isFinite { value.double(number) } else { value.string(text) }
    case .boolean:
      switch text.lowercased() {
      case "true": value.bool(true)
      case "false": value.bool(false)
      default: value.string(text)
      }
    case .string, .date, .datetime, .currency: value.string(text)
    }
    guard let parsed = try? JSONParser().parse(value.bytes).root, attribute.accepts(parsed) else {
      throw .badField(
        column, code: "extension_violation", message: "\(column) must be \(attribute.requirement).",
        value: JSONWriter.excerpt(of: text), allowed: [attribute.requirement])
    }
    writer.raw(value.bytes)
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    let start = drop { $0 == " " }
    return String(start.reversed().drop { $0 == " " }.reversed())
  }
}
