import ContextModel

/// Extension schemas of all owners.
final class SchemaTable: RecordTable {
  private let one: SQLiteStatement
  private let insert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    let row = "WHERE tenant = ?1 AND owner = ?2 AND name = ?3"
    one = try connection.prepare("SELECT name, definition FROM extension_schema \(row)")
    insert = try connection.prepare(
      "INSERT OR REPLACE INTO extension_schema (tenant, owner, name, definition) VALUES (?1, ?2, ?3, ?4)")
    remove = try connection.prepare("DELETE FROM extension_schema \(row)")
  }

  private func bind(_ key: RecordKey, _ name: String, to statement: SQLiteStatement) {
    statement.bind(1, key.tenant.rawValue)
    statement.bind(2, SchemaCatalog.Owner(number: key.number)?.rawValue)
    statement.bind(3, name)
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, key.name, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return Record(key, name: one.text(0) ?? "", document: Array(one.bytes(1)))
  }

  func save(_ record: Record) throws(StoreError) {
    bind(record.key, record.name, to: insert)
    try insert.run(borrowing: record.document, as: 4)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, key.name, to: remove)
    try remove.run()
  }
}
