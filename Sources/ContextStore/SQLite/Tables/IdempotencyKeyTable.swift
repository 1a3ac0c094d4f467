import ContextModel

/// Answers to calls that may be repeated. `at` is the record's revision: milliseconds since 1970.
final class IdempotencyKeyTable: RecordTable {
  private let one: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    let row = "WHERE tenant = ?1 AND key = ?2"
    one = try connection.prepare("SELECT answer, at FROM idempotency_key \(row)")
    upsert = try connection.prepare(
      "INSERT OR REPLACE INTO idempotency_key (tenant, key, answer, at) VALUES (?1, ?2, ?3, ?4)")
    remove = try connection.prepare("DELETE FROM idempotency_key \(row)")
  }

  private func bind(_ key: RecordKey, to statement: SQLiteStatement) {
    statement.bind(1, key.tenant.rawValue)
    statement.bind(2, key.name)
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return Record(key, revision: one.integer(1), document: Array(one.bytes(0)))
  }

  func save(_ record: Record) throws(StoreError) {
    bind(record.key, to: upsert)
    upsert.bind(4, record.revision)
    try upsert.run(borrowing: record.document, as: 3)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, to: remove)
    try remove.run()
  }
}
