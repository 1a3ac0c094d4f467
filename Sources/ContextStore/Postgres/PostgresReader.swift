import ContextModel

/// Reads what the database has, on a connection of its own. One thread at a time.
final class PostgresReader: StoreReader {
  private let session: PostgresSession
  /// Whether a transaction was asked for, and whether its beginning was sent.
  private var isWanted = false
  private var hasBegun = false
  /// The services that were expected, as of the moment that has begun; `nil` for those that do not exist.
  private var expected: [Int64: Record?] = [:]

  private static let begins = PostgresStatement(
    "begin-read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
  private static let ends = PostgresStatement("end-read", "COMMIT")
  private static let rollsBack = PostgresStatement("roll-back-read", "ROLLBACK")

  init(_ options: PostgresOptions) { session = PostgresSession(options) }

  // What was acknowledged is in the tables.
  func settle() throws(StoreError) {}

  var readsOneMoment: Bool { true }
  func settledRecords() throws(StoreError) -> any RecordSource { self }

  func begin() throws(StoreError) {
    isWanted = true
    hasBegun = false
    _ = try session.open()
  }

  func expect(_ services: @autoclosure () -> [Int64]) throws(StoreError) {
    let services = Set(services())
    guard services.count > 1 else { return }
    let found = try rows(PostgresServices.some, PostgresServices.parameter(services))
    for id in services { expected[id] = .some(nil) }
    for row in 0..<found.count {
      let record = PostgresServices.record(found, row)
      expected[record.key.service] = record
    }
  }

  func end() {
    isWanted = false
    expected.removeAll(keepingCapacity: true)
    guard hasBegun else { return }
    hasBegun = false
    guard session.isOpen else { return }
    do throws(StoreError) {
      try session.open().run(Self.ends)
    } catch {
      session.close()
    }
  }

  /// One statement as of the moment that has begun. The moment is fixed with the first one.
  private func rows(
    _ send: (PostgresConnection) throws(StoreError) -> Void
  ) throws(StoreError) -> PostgresResult {
    // A moment that was lost with its connection cannot be had again.
    guard !hasBegun || session.isOpen else {
      throw StoreError(.unreachable, "the connection to PostgreSQL broke")
    }
    let isUsed = session.isOpen && !hasBegun
    do throws(StoreError) {
      return try rows(on: session.open(), send)
    } catch {
      // The server may have closed an idle connection, or have been started again since; that is told by its first use.
      guard isUsed, error.kind == .unreachable, !session.isOpen else { throw error }
      return try rows(on: session.open(), send)
    }
  }

  private func rows(
    on connection: PostgresConnection, _ send: (PostgresConnection) throws(StoreError) -> Void
  ) throws(StoreError) -> PostgresResult {
    let begins = isWanted && !hasBegun
    if begins {
      try connection.send(Self.begins)
      hasBegun = true
    }
    do throws(StoreError) {
      try send(connection)
      try connection.synchronize()
      if begins { try connection.pass(1) }
      let rows = try connection.take()
      try connection.takeEnd()
      return rows
    } catch {
      // The transaction is of no use any more: the next statement begins another one.
      if hasBegun, session.isOpen { _ = try? connection.run(Self.rollsBack) }
      hasBegun = false
      throw error
    }
  }

  private func rows(
    _ statement: PostgresStatement, _ parameters: PostgresParameter...
  ) throws(StoreError) -> PostgresResult {
    try rows { connection throws(StoreError) in try connection.send(statement, parameters) }
  }

  // MARK: Records

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    if key.kind == .service {
      if let record = expected[key.service] { return record }
      let found = try rows(PostgresServices.some, PostgresServices.parameter([key.service]))
      return found.count > 0 ? PostgresServices.record(found, 0) : nil
    }
    guard let table = PostgresTables[key.kind] else { return nil }
    let found = try rows { connection throws(StoreError) in
      try connection.send(table.one, table.parameters([key]))
    }
    return table.record(found, of: key.tenant)
  }

  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] {
    guard let table = PostgresTables[kind] else { return [] }
    let found = try rows(table.ofService, .integer(service.rawValue), .integer(tenant.rawValue))
    return (0..<found.count).map { table.read(found, $0) }
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] {
    let found = try rows { connection throws(StoreError) in
      try PostgresServices.send(query, locking: false, on: connection)
    }
    return PostgresServices.records(found)
  }

  // MARK: Lists

  private static let changes = PostgresStatement(
    "changes",
    """
    SELECT sequence, tenant, service, revision, kind, at, customer_before, customer, interaction, principal, event
    FROM change WHERE sequence > $1 ORDER BY sequence LIMIT $2
    """)
  private static let oldestChange = PostgresStatement(
    "oldest-change",
    "SELECT coalesce((SELECT min(sequence) FROM change), last + 1) FROM counter WHERE name = 'sequence'")

  func changes(after sequence: Int64, limit: Int) throws(StoreError) -> [Change]? {
    guard try rows(Self.oldestChange).integer(0, 0) <= sequence + 1 else { return nil }
    let found = try rows(Self.changes, .integer(sequence), .integer(Int64(limit)))
    var changes: [Change] = []
    for row in 0..<found.count {
      guard let kind = found.text(row, 4).flatMap(Change.Kind.init) else {
        throw StoreError(.damaged, "change \(found.integer(row, 0)) is of an unknown kind")
      }
      var change = Change(
        kind, tenant: Tenant(rawValue: found.integer(row, 1)), service: ServiceID(found.integer(row, 2)),
        revision: found.isNull(row, 3) ? nil : found.integer(row, 3),
        at: Timestamp(milliseconds: found.integer(row, 5)), customerBefore: found.text(row, 6),
        customer: found.text(row, 7), interaction: found.text(row, 8), principal: found.text(row, 9),
        event: found.array(row, 10))
      change.sequence = found.integer(row, 0)
      changes.append(change)
    }
    return changes
  }

  private static let history = PostgresStatement(
    "history",
    """
    SELECT customer, at, interaction, principal FROM association WHERE service = $1 AND tenant = $2
    ORDER BY ordinal DESC
    """)

  func associations(of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Association] {
    let found = try rows(Self.history, .integer(service.rawValue), .integer(tenant.rawValue))
    return (0..<found.count).map {
      Association(
        customer: found.text($0, 0) ?? "", since: Timestamp(milliseconds: found.integer($0, 1)),
        interaction: found.text($0, 2), principal: found.text($0, 3))
    }
  }

  private static let mentionsOfInteraction = PostgresStatement(
    "mentions-of-interaction",
    """
    SELECT id, service, min(at) FROM (
      SELECT id, service, at FROM interaction WHERE tenant = $1 AND id = $2
      UNION ALL SELECT interaction, service, at FROM association WHERE tenant = $1 AND interaction = $2
    ) mention GROUP BY id, service ORDER BY service
    """)
  private static let mentionsOfServices = PostgresStatement(
    "mentions-of-services",
    """
    SELECT id, service, min(at) AS since FROM (
      SELECT id, service, at FROM interaction WHERE tenant = $1 AND service = ANY($2::bigint[])
      UNION ALL SELECT interaction, service, at FROM association
        WHERE tenant = $1 AND service = ANY($2::bigint[]) AND interaction IS NOT NULL
    ) mention GROUP BY id, service ORDER BY service, since, id
    """)

  func mentions(
    _ query: InteractionMention.Query, tenant: Tenant
  ) throws(StoreError) -> [InteractionMention] {
    let found: PostgresResult
    switch query {
    case .interaction(let id):
      found = try rows(Self.mentionsOfInteraction, .integer(tenant.rawValue), .text(id))
    case .services(let services):
      found = try rows(
        Self.mentionsOfServices, .integer(tenant.rawValue),
        PostgresServices.parameter(services.map(\.rawValue)))
    }
    return (0..<found.count).compactMap { row in
      ServiceID(found.integer(row, 1)).map {
        InteractionMention(
          interaction: found.text(row, 0) ?? "", service: $0,
          since: Timestamp(milliseconds: found.integer(row, 2)))
      }
    }
  }

  private static let customers = PostgresStatement(
    "customers",
    """
    SELECT name, customer FROM identity
    WHERE tenant = $1 AND identification_key = $2 AND name >= $3 AND name < $4 ORDER BY name LIMIT $5
    """)

  func customers(
    key: Int64, from first: String, to end: String, tenant: Tenant, limit: Int
  ) throws(StoreError) -> [(name: String, customer: String)] {
    let found = try rows(
      Self.customers, .integer(tenant.rawValue), .integer(key), .text(first), .text(end),
      .integer(Int64(limit)))
    return (0..<found.count).map { (found.text($0, 0) ?? "", found.text($0, 1) ?? "") }
  }

  private static let profiles = PostgresStatement(
    "profiles",
    """
    SELECT tenant, customer, revision, document, extensions FROM profile WHERE tenant = $1 AND customer > $2
    ORDER BY customer LIMIT $3
    """)

  func profiles(after customer: String, tenant: Tenant, limit: Int) throws(StoreError) -> [Record] {
    let found = try rows(
      Self.profiles, .integer(tenant.rawValue), .text(customer), .integer(Int64(limit)))
    return (0..<found.count).map { PostgresTables.profiles.read(found, $0) }
  }

  private static let tenants = PostgresStatement(
    "tenants-with-keys", "SELECT tenant FROM identification_key WHERE revision > 0 ORDER BY tenant")

  func tenantsWithKeys() throws(StoreError) -> [Tenant] {
    let found = try rows(Self.tenants)
    return (0..<found.count).map { Tenant(rawValue: found.integer($0, 0)) }
  }

  private static let schemas = PostgresStatement(
    "schemas",
    """
    SELECT tenant, owner, folded_name, name, definition FROM extension_schema ORDER BY tenant, owner, folded_name
    """)

  func schemas() throws(StoreError) -> [StoredSchema] {
    let found = try rows(Self.schemas)
    var schemas: [StoredSchema] = []
    for row in 0..<found.count {
      let record = PostgresTables.schemas.read(found, row)
      guard let owner = SchemaCatalog.Owner(number: record.key.number) else {
        throw StoreError(.damaged, "the extension schema \(record.name) has an unknown owner")
      }
      schemas.append(
        StoredSchema(tenant: record.key.tenant, owner: owner, name: record.name, text: record.document))
    }
    return schemas
  }

  // MARK: Walks

  func services(after id: Int64, tenant: Tenant, limit: Int) throws(StoreError) -> [Record] {
    let found = try rows(
      PostgresServices.page, .integer(id), .integer(tenant.rawValue), .integer(Int64(limit)))
    return (0..<found.count).map { PostgresServices.record(found, $0) }
  }

  private static let due = PostgresStatement(
    "due", "SELECT tenant, id FROM service WHERE due_at <= $1 ORDER BY due_at LIMIT $2")

  func dueServices(at moment: Timestamp, limit: Int) throws(StoreError) -> [(Tenant, ServiceID)] {
    let found = try rows(Self.due, .integer(moment.milliseconds), .integer(Int64(limit)))
    return (0..<found.count).compactMap { row in
      ServiceID(found.integer(row, 1)).map { (Tenant(rawValue: found.integer(row, 0)), $0) }
    }
  }

  private static let oldKeys = PostgresStatement(
    "old-keys", "SELECT tenant, key FROM idempotency_key WHERE at < $1 ORDER BY at LIMIT $2")

  func idempotencyKeys(
    before moment: Timestamp, limit: Int
  ) throws(StoreError) -> [(tenant: Tenant, key: String)] {
    let found = try rows(Self.oldKeys, .integer(moment.milliseconds), .integer(Int64(limit)))
    return (0..<found.count).map { (Tenant(rawValue: found.integer($0, 0)), found.text($0, 1) ?? "") }
  }

  private static let keysNaming = PostgresStatement(
    "keys-naming", "SELECT key FROM idempotency_key WHERE tenant = $1 AND strpos(answer, $2) > 0")

  func idempotencyKeys(naming customer: String, tenant: Tenant) throws(StoreError) -> [String] {
    let quoted = String(decoding: Erasure.quoted(customer), as: UTF8.self)
    let found = try rows(Self.keysNaming, .integer(tenant.rawValue), .text(quoted))
    return (0..<found.count).map { found.text($0, 0) ?? "" }
  }

  // All rows of the page's last service are in it, for the next page begins behind that.
  private static let former = PostgresStatement(
    "former-services",
    """
    WITH last AS MATERIALIZED (
      SELECT max(service) AS service FROM (
        SELECT service FROM association WHERE service > $1 ORDER BY service, ordinal LIMIT $2) first),
    page AS MATERIALIZED (
      SELECT service, tenant, customer FROM association WHERE service > $1 AND service <= (SELECT service FROM last))
    SELECT max(service), count(*) FROM page
    UNION ALL
    (SELECT DISTINCT service, 0 FROM page WHERE tenant = $3 AND customer = $4 ORDER BY service)
    """)

  func services(
    associatedWith customer: String, after service: Int64, tenant: Tenant, limit: Int
  ) throws(StoreError) -> (ids: [ServiceID], last: Int64?) {
    let found = try rows(
      Self.former, .integer(service), .integer(Int64(limit)), .integer(tenant.rawValue), .text(customer))
    let ids = (1..<max(1, found.count)).compactMap { ServiceID(found.integer($0, 0)) }.sorted()
    return (ids, found.integer(0, 1) < limit ? nil : found.integer(0, 0))
  }
}
