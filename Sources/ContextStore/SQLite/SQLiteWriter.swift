import ContextModel
import JSON

/// The statements of the commit thread's connection: what a batch needs is loaded, what it became is saved. The
/// transaction around it is the engine's. One thread at a time.
final class SQLiteWriter {
  let begin: SQLiteStatement
  let commit: SQLiteStatement
  let probe: SQLiteStatement
  private let loadCounters: SQLiteStatement
  private let loadService: SQLiteStatement
  private let loadSchema: SQLiteStatement
  private let insertService: SQLiteStatement
  private let updateService: SQLiteStatement
  private let updateServiceAndKeys: SQLiteStatement
  private let upsertExtension: SQLiteStatement
  private let insertChange: SQLiteStatement
  private let insertSchema: SQLiteStatement
  private let updateCounter: SQLiteStatement
  private let trimChanges: SQLiteStatement
  private let documents = DocumentReader()

  init(_ connection: SQLiteConnection) throws(StoreError) {
    begin = try connection.prepare("BEGIN IMMEDIATE")
    commit = try connection.prepare("COMMIT")
    probe = try connection.prepare("UPDATE counter SET last = last + 1 WHERE name = 'probe'")
    loadCounters = try connection.prepare(
      "SELECT (SELECT last FROM counter WHERE name = 'service'), (SELECT max(sequence) FROM change)")
    loadService = try connection.prepare(
      "SELECT revision, document FROM service WHERE id = ?1 AND tenant = ?2")
    loadSchema = try connection.prepare(
      "SELECT 1 FROM extension_schema WHERE tenant = ?1 AND owner = ?2 AND name = ?3")
    insertService = try connection.prepare(
      """
      INSERT INTO service (id, tenant, revision, sequence, status, document, customer, service_type, started_at,
                           contact_key)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """)
    // An index is written whenever a column of it is assigned, changed or not.
    updateService = try connection.prepare(
      "UPDATE service SET revision = ?3, sequence = ?4, status = ?5, document = ?6 WHERE id = ?1 AND tenant = ?2"
    )
    updateServiceAndKeys = try connection.prepare(
      """
      UPDATE service SET revision = ?3, sequence = ?4, status = ?5, document = ?6, customer = ?7, service_type = ?8
      WHERE id = ?1 AND tenant = ?2
      """)
    upsertExtension = try connection.prepare(
      """
      INSERT INTO service_extension (tenant, service, folded_name, name, value) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT DO UPDATE SET value = excluded.value
      """)
    insertChange = try connection.prepare(
      """
      INSERT INTO change (sequence, tenant, service, revision, kind, at, customer_before, customer, principal, event)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """)
    insertSchema = try connection.prepare(
      "INSERT INTO extension_schema (tenant, owner, name, definition) VALUES (?1, ?2, ?3, ?4)")
    updateCounter = try connection.prepare("UPDATE counter SET last = ?1 WHERE name = 'service'")
    trimChanges = try connection.prepare("DELETE FROM change WHERE sequence >= ?1 AND sequence < ?2")
  }

  func load(_ needs: BatchNeeds) throws(StoreError) -> LoadedState {
    var services: [Service?] = []
    services.reserveCapacity(needs.services.count)
    for key in needs.services { services.append(try load(key)) }
    var existing = Set<SchemaKey>()
    for schema in needs.schemas {
      loadSchema.bind(1, schema.tenant.rawValue)
      loadSchema.bind(2, schema.owner.rawValue)
      loadSchema.bind(3, schema.foldedName)
      if try loadSchema.step() { existing.insert(schema) }
      loadSchema.reset()
    }
    guard try loadCounters.step() else { throw StoreError(.damaged, "the database has lost its counters") }
    defer { loadCounters.reset() }
    return LoadedState(
      services: services, existingSchemas: existing, nextServiceID: loadCounters.integer(0) + 1,
      lastSequence: loadCounters.integer(1))
  }

  private func load(_ key: ServiceKey) throws(StoreError) -> Service? {
    loadService.bind(1, key.id.rawValue)
    loadService.bind(2, key.tenant.rawValue)
    guard try loadService.step() else { return nil }
    defer { loadService.reset() }
    guard
      let service = documents.service(
        loadService.bytes(1), tenant: key.tenant, revision: loadService.integer(0))
    else { throw StoreError(.damaged, "the document of service \(key.id) is damaged") }
    return service
  }

  func save(_ batch: FoldedBatch, after loaded: LoadedState) throws(StoreError) {
    for row in batch.services { try save(row) }
    for row in batch.services where !row.extensions.isEmpty { try saveExtensions(row) }
    for change in batch.changes { try save(change) }
    for schema in batch.schemas {
      insertSchema.bind(1, schema.tenant.rawValue)
      insertSchema.bind(2, schema.owner.rawValue)
      insertSchema.bind(3, schema.name)
      try insertSchema.run(borrowing: schema.text, as: 4)
    }
    if batch.nextServiceID != loaded.nextServiceID {
      updateCounter.bind(1, batch.nextServiceID - 1)
      try updateCounter.run()
    }
  }

  /// Removes changes by their numbers.
  func trim(from first: Int64, upTo end: Int64) throws(StoreError) {
    trimChanges.bind(1, first)
    trimChanges.bind(2, end)
    try trimChanges.run()
  }

  private func save(_ row: FoldedService) throws(StoreError) {
    let service = row.service
    let changesKeys = row.customerChanged || row.typeChanged
    let statement = row.isNew ? insertService : changesKeys ? updateServiceAndKeys : updateService
    statement.bind(1, service.id.rawValue)
    statement.bind(2, service.tenant.rawValue)
    statement.bind(3, service.revision)
    statement.bind(4, row.sequence)
    statement.bind(5, constant: service.status == .active ? "active" : "completed")
    if row.isNew || changesKeys {
      statement.bind(7, service.customerID)
      statement.bind(8, service.serviceType)
    }
    if row.isNew {
      statement.bind(9, service.startedAt.milliseconds)
      statement.bind(10, service.contactKey)
    }
    try statement.run(borrowing: row.document, as: 6)
  }

  private func saveExtensions(_ row: FoldedService) throws(StoreError) {
    upsertExtension.bind(1, row.service.tenant.rawValue)
    upsertExtension.bind(2, row.service.id.rawValue)
    for value in row.extensions {
      upsertExtension.bind(3, value.foldedName)
      upsertExtension.bind(4, value.name)
      try upsertExtension.run(borrowing: value.text, as: 5)
    }
  }

  private func save(_ change: FoldedChange) throws(StoreError) {
    insertChange.bind(1, change.sequence)
    insertChange.bind(2, change.tenant.rawValue)
    insertChange.bind(3, change.service?.rawValue)
    insertChange.bind(4, change.revision)
    insertChange.bind(5, constant: change.kind.word)
    insertChange.bind(6, change.at.milliseconds)
    insertChange.bind(7, change.customerBefore)
    insertChange.bind(8, change.customer)
    insertChange.bind(9, change.principal)
    try insertChange.run(borrowing: change.event, as: 10)
  }
}

extension FoldedChange.Kind {
  fileprivate var word: StaticString {
    switch self {
    case .start: "start"
    case .associate: "associate"
    case .complete: "complete"
    case .createSchema: "create-schema"
    }
  }
}
