import ContextModel

/// Profiles; their extensions stand beside the core attributes.
final class ProfileTable: RecordTable {
  private let one: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    let row = "WHERE tenant = ?1 AND customer = ?2"
    one = try connection.prepare("SELECT revision, sequence, document, extensions FROM profile \(row)")
    upsert = try connection.prepare(
      "INSERT OR REPLACE INTO profile (tenant, customer, revision, sequence, document, extensions) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
    )
    remove = try connection.prepare("DELETE FROM profile \(row)")
  }

  private func bind(_ key: RecordKey, to statement: SQLiteStatement) {
    statement.bind(1, key.tenant.rawValue)
    statement.bind(2, key.name)
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    var record = Record(
      key, revision: one.integer(0), document: Array(one.bytes(2)), hidden: Array(one.bytes(3)))
    record.sequence = one.integer(1)
    return record
  }

  func save(_ record: Record) throws(StoreError) {
    bind(record.key, to: upsert)
    upsert.bind(3, record.revision)
    upsert.bind(4, record.sequence)
    upsert.bind(6, text: record.hidden)
    try upsert.run(borrowing: record.document, as: 5)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, to: remove)
    try remove.run()
  }
}
