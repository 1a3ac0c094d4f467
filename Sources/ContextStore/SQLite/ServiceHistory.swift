import ContextModel

/// What the change sequence leaves behind of each service: to whom it belonged, a row whenever it came to another customer, and
/// which interactions its other events have named. Belongs to one connection, and to its thread.
final class ServiceHistory {
  private let associate: SQLiteStatement
  private let mention: SQLiteStatement
  private let find: SQLiteStatement
  private let removeHashes: SQLiteStatement
  private let removeAssociations: SQLiteStatement
  private let removeInteractions: SQLiteStatement

  /// By which interaction a service is found.
  typealias Hash = (hash: Int64, service: Int64)

  /// How a row of `interaction` meets one that is there.
  static let keepsEarliest = "ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at < at"

  init(_ connection: SQLiteConnection) throws(StoreError) {
    associate = try connection.prepare(
      """
      INSERT OR REPLACE INTO association (service, sequence, tenant, customer, at, interaction, principal)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """)
    mention = try connection.prepare(
      """
      INSERT INTO interaction (service, id, tenant, at) VALUES (?1, ?2, ?3, ?4)
      \(Self.keepsEarliest)
      """)
    find = try connection.prepare(
      "INSERT INTO interaction_hash (hash, service) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
    removeHashes = try connection.prepare(
      """
      DELETE FROM interaction_hash WHERE (hash, service) IN (
        SELECT interaction_hash(tenant, id), service FROM interaction WHERE service = ?1
        UNION ALL SELECT interaction_hash(tenant, interaction), service FROM association
          WHERE service = ?1 AND interaction IS NOT NULL)
      """)
    removeAssociations = try connection.prepare("DELETE FROM association WHERE service = ?1")
    removeInteractions = try connection.prepare("DELETE FROM interaction WHERE service = ?1")
  }

  /// Saves what became of a service with a change, but for the row by which it is found.
  ///
  /// - Parameter hashes: gets that row, if there is one.
  func save(_ entry: JournalFrame.ChangeParts, into hashes: inout [Hash]) throws(StoreError) {
    if entry.isAssociation {
      associate.bind(1, entry.service)
      associate.bind(2, entry.sequence)
      associate.bind(3, entry.tenant)
      associate.bind(4, borrowing: entry.customer)
      associate.bind(5, entry.at)
      associate.bind(6, borrowing: entry.interaction)
      associate.bind(7, borrowing: entry.principal)
      try associate.run()
    } else if let interaction = entry.interaction {
      mention.bind(1, entry.service)
      mention.bind(2, borrowing: interaction)
      mention.bind(3, entry.tenant)
      mention.bind(4, entry.at)
      try mention.run()
    }
    guard let interaction = entry.interaction else { return }
    hashes.append((InteractionHash.of(interaction, tenant: entry.tenant), entry.service))
  }

  func save(_ hash: Hash) throws(StoreError) {
    find.bind(1, hash.hash)
    find.bind(2, hash.service)
    try find.run()
  }

  /// Forgets what was known of a service, all of which is saved.
  func delete(_ service: Int64) throws(StoreError) {
    for statement in [removeHashes, removeAssociations, removeInteractions] {
      statement.bind(1, service)
      try statement.run()
    }
  }
}
