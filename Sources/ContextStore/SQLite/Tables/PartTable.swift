import ContextModel

/// States or tasks. The columns beside the document are copies out of it, for people who read the file.
final class PartTable: RecordTable {
  private let kind: ServicePart.Kind
  private let one: SQLiteStatement
  private let ofService: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement
  private let documents = DocumentReader()

  init(_ kind: ServicePart.Kind, _ connection: SQLiteConnection) throws(StoreError) {
    self.kind = kind
    let (table, type, other) =
      kind == .state ? ("state", "state_type", "previous_state") : ("task", "task_type", "state")
    let columns = "revision, sequence, document"
    one = try connection.prepare(
      "SELECT \(columns) FROM \(table) WHERE service = ?1 AND id = ?2 AND tenant = ?3")
    ofService = try connection.prepare(
      "SELECT \(columns), id FROM \(table) WHERE service = ?1 AND tenant = ?2 ORDER BY id")
    upsert = try connection.prepare(
      """
      INSERT OR REPLACE INTO \(table)
        (service, id, tenant, revision, sequence, document, status, \(type), \(other), started_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """)
    remove = try connection.prepare("DELETE FROM \(table) WHERE service = ?1 AND id = ?2 AND tenant = ?3")
  }

  private func bind(_ key: RecordKey, to statement: SQLiteStatement) {
    statement.bind(1, key.service)
    statement.bind(2, key.number)
    statement.bind(3, key.tenant.rawValue)
  }

  private func record(_ key: RecordKey, in row: SQLiteStatement) -> Record {
    var record = Record(key, revision: row.integer(0), document: Array(row.bytes(2)))
    record.sequence = row.integer(1)
    return record
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return record(key, in: one)
  }

  func records(of service: ServiceID, _ tenant: Tenant) throws(StoreError) -> [Record] {
    ofService.bind(1, service.rawValue)
    ofService.bind(2, tenant.rawValue)
    var records: [Record] = []
    while try ofService.step() {
      guard let id = PartID(ofService.integer(3)) else { continue }
      records.append(record(.part(kind, id, of: service, tenant: tenant), in: ofService))
    }
    return records
  }

  func save(_ record: Record) throws(StoreError) {
    guard let part = documents.part(record) else {
      throw StoreError(
        .damaged,
        "the document of \(kind.rawValue) \(record.key.number) of service \(record.key.service) is damaged")
    }
    bind(record.key, to: upsert)
    upsert.bind(4, record.revision)
    upsert.bind(5, record.sequence)
    upsert.bind(7, constant: part.status == .active ? "active" : "completed")
    upsert.bind(8, part.type)
    upsert.bind(9, (kind == .state ? part.previousStateID : part.stateID).map { Int64($0.rawValue) })
    upsert.bind(10, part.startedAt.milliseconds)
    try upsert.run(borrowing: record.document, as: 6)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, to: remove)
    try remove.run()
  }
}
