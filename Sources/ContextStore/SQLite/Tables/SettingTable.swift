import ContextModel

/// What the server itself must remember.
final class SettingTable: RecordTable {
  private let one: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    one = try connection.prepare("SELECT document FROM setting WHERE name = ?1")
    upsert = try connection.prepare("INSERT OR REPLACE INTO setting (name, document) VALUES (?1, ?2)")
    remove = try connection.prepare("DELETE FROM setting WHERE name = ?1")
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    one.bind(1, key.name)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return Record(key, document: Array(one.bytes(0)))
  }

  func save(_ record: Record) throws(StoreError) {
    upsert.bind(1, record.key.name)
    try upsert.run(borrowing: record.document, as: 2)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    remove.bind(1, key.name)
    try remove.run()
  }
}
