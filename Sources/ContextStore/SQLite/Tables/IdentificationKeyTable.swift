import ContextModel

/// The identification keys of a tenant, in one row.
final class IdentificationKeyTable: RecordTable {
  private let one: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    let row = "WHERE tenant = ?1"
    one = try connection.prepare("SELECT revision, keys FROM identification_key \(row)")
    upsert = try connection.prepare(
      "INSERT OR REPLACE INTO identification_key (tenant, revision, keys) VALUES (?1, ?2, ?3)")
    remove = try connection.prepare("DELETE FROM identification_key \(row)")
  }

  private func bind(_ key: RecordKey, to statement: SQLiteStatement) {
    statement.bind(1, key.tenant.rawValue)
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return Record(key, revision: one.integer(0), document: Array(one.bytes(1)))
  }

  func save(_ record: Record) throws(StoreError) {
    bind(record.key, to: upsert)
    upsert.bind(2, record.revision)
    try upsert.run(borrowing: record.document, as: 3)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, to: remove)
    try remove.run()
  }
}
