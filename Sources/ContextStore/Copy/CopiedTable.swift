/// A table as it is copied: what it is made of in both databases, in the order of a key by which it is walked.
struct CopiedTable: Sendable {
  /// What a column holds.
  enum Kind {
    case integer
    /// A name, in which any character may stand.
    case name
    /// A name in lower case.
    case foldedName
    /// JSON text.
    case text
  }

  struct Column {
    let name: String
    let kind: Kind
    /// What gives it in SQLite.
    let source: String

    init(_ name: String, _ kind: Kind, _ source: String? = nil) {
      self.name = name
      self.kind = kind
      self.source = source ?? name
    }
  }

  let name: String
  let columns: [Column]
  /// How many of the first columns make the key.
  let keys: Int

  /// All but the tenants' names, which stand in the configuration and are put into the database at every start.
  static let all: [CopiedTable] = [
    CopiedTable(
      name: "service",
      columns: [
        Column("id", .integer), Column("tenant", .integer), Column("revision", .integer),
        Column("started_at", .integer), Column("status", .text), Column("customer", .name),
        Column("contact_key", .name),
        Column(
          "service_type", .name,
          "CASE typeof(service_type) WHEN 'text' THEN '\"' || service_type || '\"' ELSE CAST(service_type AS TEXT) END"
        ),
        Column("due_at", .integer), Column("document", .text), Column("hidden", .text),
      ], keys: 1),
    CopiedTable(
      name: "extension",
      columns: [
        Column("service", .integer), Column("owner", .integer), Column("folded_name", .name),
        Column("tenant", .integer), Column("name", .name), Column("value", .text),
      ], keys: 3),
    part("state"), part("task"),
    CopiedTable(
      name: "association",
      columns: [
        Column("service", .integer),
        Column(
          "ordinal", .integer,
          "(SELECT count(*) FROM association o WHERE o.service = t.service AND o.sequence <= t.sequence)"),
        Column("tenant", .integer), Column("customer", .name), Column("at", .integer),
        Column("interaction", .name), Column("principal", .name),
      ], keys: 2),
    CopiedTable(name: "follower", columns: [Column("name", .name), Column("sequence", .integer)], keys: 1),
    CopiedTable(
      name: "extension_schema",
      columns: [
        Column("tenant", .integer),
        Column("owner", .integer, "instr('service  state    task     profile', owner) / 9"),
        Column("folded_name", .foldedName, "name"), Column("name", .name), Column("definition", .text),
      ], keys: 3),
    CopiedTable(
      name: "profile",
      columns: [
        Column("tenant", .integer), Column("customer", .name), Column("revision", .integer),
        Column("document", .text), Column("extensions", .text),
      ], keys: 2),
    CopiedTable(
      name: "identification_key",
      columns: [Column("tenant", .integer), Column("revision", .integer), Column("keys", .text)], keys: 1),
    CopiedTable(
      name: "identity",
      columns: [
        Column("tenant", .integer), Column("identification_key", .integer), Column("name", .name),
        Column("customer", .name),
      ], keys: 3),
    CopiedTable(
      name: "interaction",
      columns: [
        Column("service", .integer), Column("id", .name), Column("tenant", .integer), Column("at", .integer),
      ], keys: 2),
    CopiedTable(
      name: "idempotency_key",
      columns: [
        Column("tenant", .integer), Column("key", .name), Column("at", .integer), Column("answer", .text),
      ], keys: 2),
    CopiedTable(
      name: "setting", columns: [Column("name", .name), Column("value", .text, "document")], keys: 1),
  ]

  private static func part(_ name: String) -> CopiedTable {
    CopiedTable(
      name: name,
      columns: [
        Column("service", .integer), Column("id", .integer), Column("tenant", .integer),
        Column("revision", .integer), Column("status", .text), Column("started_at", .integer),
        Column("document", .text),
      ], keys: 2)
  }

  /// How many rows are copied at a time.
  static let page = 2000
}

/// A value on its way.
enum CopiedValue {
  case nothing
  case integer(Int64)
  case text([UInt8])
}
