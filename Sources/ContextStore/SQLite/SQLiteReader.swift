import ContextModel

/// Reads from the tables alone, on a connection of its own. One thread at a time.
final class SQLiteReader: RecordSource {
  private let connection: SQLiteConnection
  private let tables: SQLiteTables
  private let begins: SQLiteStatement
  private let ends: SQLiteStatement
  private let lists: ServiceLists
  let profileLists: ProfileLists
  let walk: ServiceWalk
  private let history: SQLiteStatement
  private let mentionsOfInteraction: SQLiteStatement
  private let mentionsOfService: SQLiteStatement

  init(path: String, pageCache: Int) throws(StoreError) {
    connection = try SQLiteConnection(path: path, .read)
    try connection.execute("PRAGMA cache_size = -\(max(1, pageCache / 1024))")
    tables = try SQLiteTables(connection)
    begins = try connection.prepare("BEGIN")
    ends = try connection.prepare("COMMIT")
    lists = try ServiceLists(connection)
    profileLists = try ProfileLists(connection)
    walk = try ServiceWalk(connection)
    history = try connection.prepare(
      """
      SELECT customer, at, interaction, principal FROM association WHERE service = ?1 AND tenant = ?2
      ORDER BY sequence DESC
      """)
    mentionsOfInteraction = try connection.prepare(
      """
      SELECT id, service, min(at) FROM (
        SELECT id, service, at, tenant FROM interaction_hash JOIN interaction USING (service) WHERE hash = ?3
        UNION ALL SELECT interaction, service, at, tenant FROM interaction_hash JOIN association USING (service)
          WHERE hash = ?3
      ) WHERE id = ?2 AND tenant = ?1 GROUP BY service ORDER BY service
      """)
    mentionsOfService = try connection.prepare(
      """
      SELECT id, service, min(at) AS since FROM (
        SELECT id, service, at, tenant FROM interaction WHERE service = ?2
        UNION ALL SELECT interaction, service, at, tenant FROM association WHERE service = ?2
      ) WHERE id IS NOT NULL AND tenant = ?1 GROUP BY id ORDER BY since, id
      """)
  }

  func begin() throws(StoreError) {
    // Not before the first statement reads is the moment fixed: later than asked for does no harm.
    try begins.run()
  }

  func end() {
    if (try? ends.run()) == nil { connection.rollBack() }
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? { try tables[key.kind].record(key) }

  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] {
    try tables[kind].records(of: service, tenant)
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [ServiceLists.Row] { try lists.services(query) }

  func associations(of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Association] {
    history.bind(1, service.rawValue)
    history.bind(2, tenant.rawValue)
    var associations: [Association] = []
    while try history.step() {
      associations.append(
        Association(
          customer: history.text(0) ?? "", since: Timestamp(milliseconds: history.integer(1)),
          interaction: history.text(2), principal: history.text(3)))
    }
    return associations
  }

  func mentions(
    _ query: InteractionMention.Query, tenant: Tenant
  ) throws(StoreError) -> [InteractionMention] {
    var found: [InteractionMention] = []
    switch query {
    case .interaction(let id):
      mentionsOfInteraction.bind(2, id)
      mentionsOfInteraction.bind(3, InteractionHash.of(id, tenant: tenant.rawValue))
      try collect(mentionsOfInteraction, tenant, into: &found)
    case .services(let services):
      for service in services {
        mentionsOfService.bind(2, service.rawValue)
        try collect(mentionsOfService, tenant, into: &found)
      }
    }
    return found
  }

  private func collect(
    _ statement: SQLiteStatement, _ tenant: Tenant, into found: inout [InteractionMention]
  ) throws(StoreError) {
    statement.bind(1, tenant.rawValue)
    while try statement.step() {
      guard let service = ServiceID(statement.integer(1)) else { continue }
      found.append(
        InteractionMention(
          interaction: statement.text(0) ?? "", service: service,
          since: Timestamp(milliseconds: statement.integer(2))))
    }
  }

  func customers(
    key: Int64, from first: String, to end: String, tenant: Tenant, limit: Int
  ) throws(StoreError) -> [(name: String, customer: String)] {
    try profileLists.customers(key: key, from: first, to: end, tenant: tenant, limit: limit)
  }

  func profiles(after customer: String, tenant: Tenant, limit: Int) throws(StoreError) -> [Record] {
    try profileLists.profiles(after: customer, tenant: tenant, limit: limit)
  }

  func schemas() throws(StoreError) -> [StoredSchema] {
    let statement = try connection.prepare(
      "SELECT tenant, owner, name, definition FROM extension_schema ORDER BY tenant, owner, name")
    var schemas: [StoredSchema] = []
    while try statement.step() {
      guard let owner = statement.text(1).flatMap(SchemaCatalog.Owner.init) else {
        throw StoreError(.damaged, "\(connection.path): an extension schema has an unknown owner")
      }
      schemas.append(
        StoredSchema(
          tenant: Tenant(rawValue: statement.integer(0)), owner: owner, name: statement.text(2) ?? "",
          text: Array(statement.bytes(3))))
    }
    return schemas
  }
}
