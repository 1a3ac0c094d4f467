import ContextModel

/// How far those who follow the change sequence have come.
final class FollowerTable: RecordTable {
  private let one: SQLiteStatement
  private let insert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    one = try connection.prepare("SELECT sequence FROM follower WHERE name = ?1")
    insert = try connection.prepare("INSERT OR REPLACE INTO follower (name, sequence) VALUES (?1, ?2)")
    remove = try connection.prepare("DELETE FROM follower WHERE name = ?1")
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    one.bind(1, key.name)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return Record(key, name: key.name, revision: one.integer(0), document: Array("{}".utf8))
  }

  func save(_ record: Record) throws(StoreError) {
    insert.bind(1, record.key.name)
    insert.bind(2, record.revision)
    try insert.run()
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    remove.bind(1, key.name)
    try remove.run()
  }
}
