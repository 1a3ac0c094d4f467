import ContextModel

/// What the change sequence leaves behind of each service: to whom it belonged, a row whenever it came to another customer, and
/// which interactions its events have named. Belongs to one connection, and to its thread.
final class ServiceHistory {
  private let associate: SQLiteStatement
  private let mention: SQLiteStatement
  private let removeAssociations: SQLiteStatement
  private let removeInteractions: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    associate = try connection.prepare(
      """
      INSERT OR REPLACE INTO association (service, sequence, tenant, customer, at, interaction, principal)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """)
    mention = try connection.prepare(
      """
      INSERT INTO interaction (service, id, tenant, at) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at < at
      """)
    removeAssociations = try connection.prepare("DELETE FROM association WHERE service = ?1")
    removeInteractions = try connection.prepare("DELETE FROM interaction WHERE service = ?1")
  }

  func save(_ entry: JournalFrame.ChangeParts) throws(StoreError) {
    if entry.isAssociation {
      associate.bind(1, entry.service)
      associate.bind(2, entry.sequence)
      associate.bind(3, entry.tenant)
      associate.bind(4, borrowing: entry.customer)
      associate.bind(5, entry.at)
      associate.bind(6, borrowing: entry.interaction)
      associate.bind(7, borrowing: entry.principal)
      try associate.run()
    }
    guard let interaction = entry.interaction else { return }
    mention.bind(1, entry.service)
    mention.bind(2, borrowing: interaction)
    mention.bind(3, entry.tenant)
    mention.bind(4, entry.at)
    try mention.run()
  }

  /// Forgets what was known of a service.
  func delete(_ service: Int64) throws(StoreError) {
    for statement in [removeAssociations, removeInteractions] {
      statement.bind(1, service)
      try statement.run()
    }
  }
}
