import ContextModel

/// To whom services belonged: a row whenever one came to another customer. Belongs to one connection, and to its thread.
final class AssociationHistory {
  private let insert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    insert = try connection.prepare(
      """
      INSERT OR REPLACE INTO association (service, sequence, tenant, customer, at, interaction, principal)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """)
    remove = try connection.prepare("DELETE FROM association WHERE service = ?1")
  }

  func save(_ association: JournalFrame.Association) throws(StoreError) {
    insert.bind(1, association.service)
    insert.bind(2, association.sequence)
    insert.bind(3, association.tenant)
    insert.bind(4, borrowing: association.customer)
    insert.bind(5, association.at)
    insert.bind(6, borrowing: association.interaction)
    insert.bind(7, borrowing: association.principal)
    try insert.run()
  }

  /// Forgets to whom a service belonged.
  func delete(_ service: Int64) throws(StoreError) {
    remove.bind(1, service)
    try remove.run()
  }
}
