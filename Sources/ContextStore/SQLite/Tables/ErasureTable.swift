import ContextModel

/// Erasures leave no rows: each takes a customer out of the history of a service, as far as that was written before.
final class ErasureTable: RecordTable {
  private let erase: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    erase = try connection.prepare(
      "DELETE FROM association WHERE service = ?1 AND customer = ?2 AND tenant = ?3 AND sequence <= ?4")
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? { nil }

  func save(_ record: Record) throws(StoreError) {
    erase.bind(1, record.key.service)
    erase.bind(2, record.key.name)
    erase.bind(3, record.key.tenant.rawValue)
    erase.bind(4, record.sequence)
    try erase.run()
  }

  func delete(_ key: RecordKey) throws(StoreError) {}
}
