import ContextModel

/// Interactions that events have named.
final class InteractionTable: RecordTable {
  private let one: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    let row = "WHERE tenant = ?1 AND id = ?2"
    one = try connection.prepare("SELECT document FROM interaction \(row)")
    upsert = try connection.prepare(
      "INSERT OR REPLACE INTO interaction (tenant, id, document) VALUES (?1, ?2, ?3)")
    remove = try connection.prepare("DELETE FROM interaction \(row)")
  }

  private func bind(_ key: RecordKey, to statement: SQLiteStatement) {
    statement.bind(1, key.tenant.rawValue)
    statement.bind(2, key.name)
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return Record(key, document: Array(one.bytes(0)))
  }

  func save(_ record: Record) throws(StoreError) {
    bind(record.key, to: upsert)
    try upsert.run(borrowing: record.document, as: 3)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, to: remove)
    try remove.run()
  }
}
