import ContextModel

/// Under which values of an identification key customers are found. The customer is the record's document.
final class IdentityTable: RecordTable {
  private let one: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    let row = "WHERE tenant = ?1 AND identification_key = ?2 AND name = ?3"
    one = try connection.prepare("SELECT customer FROM identity \(row)")
    upsert = try connection.prepare(
      "INSERT OR REPLACE INTO identity (tenant, identification_key, name, customer) VALUES (?1, ?2, ?3, ?4)")
    remove = try connection.prepare("DELETE FROM identity \(row)")
  }

  private func bind(_ key: RecordKey, to statement: SQLiteStatement) {
    statement.bind(1, key.tenant.rawValue)
    statement.bind(2, key.number)
    statement.bind(3, key.name)
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return Record(key, document: Array(one.bytes(0)))
  }

  func save(_ record: Record) throws(StoreError) {
    bind(record.key, to: upsert)
    try upsert.run(borrowing: record.document, as: 4)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, to: remove)
    try remove.run()
  }
}
