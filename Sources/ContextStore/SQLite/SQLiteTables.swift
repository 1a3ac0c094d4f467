import ContextModel

/// The tables of one connection, by the kind of their records. One thread at a time.
final class SQLiteTables {
  /// By the kinds' numbers; `nil` for those that are not used any more.
  private let tables: [(any RecordTable)?]

  init(_ connection: SQLiteConnection) throws(StoreError) {
    var tables: [(any RecordTable)?] = []
    for number in 0...(RecordKey.Kind.allCases.map(\.rawValue).max() ?? 0) {
      let kind = RecordKey.Kind(rawValue: number)
      tables.append(try kind.map { (kind) throws(StoreError) in try Self.table(of: kind, connection) })
    }
    self.tables = tables
  }

  private static func table(
    of kind: RecordKey.Kind, _ connection: SQLiteConnection
  ) throws(StoreError) -> any RecordTable {
    switch kind {
    case .service: try ServiceTable(connection)
    case .extension: try ExtensionTable(connection)
    case .schema: try SchemaTable(connection)
    case .follower: try PlainTable("follower", key: ["name": .name], ["sequence": .revision], connection)
    case .state: try PartTable(.state, connection)
    case .task: try PartTable(.task, connection)
    case .profile:
      // Its extensions stand beside the core attributes.
      try PlainTable(
        "profile", key: ["tenant": .tenant, "customer": .name],
        ["revision": .revision, "sequence": .sequence, "document": .document, "extensions": .hidden],
        connection)
    case .identificationKeys:
      // Those of a tenant, all in one row.
      try PlainTable(
        "identification_key", key: ["tenant": .tenant], ["revision": .revision, "keys": .document],
        connection)
    case .identity:
      // The customer is the document.
      try PlainTable(
        "identity", key: ["tenant": .tenant, "identification_key": .number, "name": .name],
        ["customer": .document], connection)
    case .erasure: try ErasureTable(connection)
    case .idempotencyKey:
      // When it was answered, in milliseconds since 1970, is its revision.
      try PlainTable(
        "idempotency_key", key: ["tenant": .tenant, "key": .name], ["answer": .document, "at": .revision],
        connection)
    case .setting: try PlainTable("setting", key: ["name": .name], ["document": .document], connection)
    }
  }

  subscript(kind: RecordKey.Kind) -> any RecordTable { tables[Int(kind.rawValue)].unsafelyUnwrapped }
}
