import ContextModel

/// Erasures leave no rows: each takes a customer out of the history of a service, as far as that was written before. The
/// interactions that were named then stay the service's.
final class ErasureTable: RecordTable {
  private let keepInteractions: SQLiteStatement
  private let erase: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    let erased = "FROM association WHERE service = ?1 AND customer = ?2 AND tenant = ?3 AND sequence <= ?4"
    keepInteractions = try connection.prepare(
      """
      INSERT INTO interaction (service, id, tenant, at)
        SELECT service, interaction, tenant, min(at) \(erased) AND interaction IS NOT NULL GROUP BY interaction
      \(ServiceHistory.keepsEarliest)
      """)
    erase = try connection.prepare("DELETE \(erased)")
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? { nil }

  func save(_ record: Record) throws(StoreError) {
    for statement in [keepInteractions, erase] {
      statement.bind(1, record.key.service)
      statement.bind(2, record.key.name)
      statement.bind(3, record.key.tenant.rawValue)
      statement.bind(4, record.sequence)
      try statement.run()
    }
  }

  func delete(_ key: RecordKey) throws(StoreError) {}
}
