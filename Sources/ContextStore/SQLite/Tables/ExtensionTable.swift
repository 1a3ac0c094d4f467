import ContextModel

/// Extensions of services, states and tasks.
final class ExtensionTable: RecordTable {
  private let one: SQLiteStatement
  private let ofService: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    let row = "WHERE service = ?1 AND owner = ?2 AND folded_name = ?3 AND tenant = ?4"
    one = try connection.prepare("SELECT name, value FROM extension \(row)")
    ofService = try connection.prepare(
      """
      SELECT name, value, owner, folded_name FROM extension WHERE service = ?1 AND tenant = ?2
      ORDER BY owner, folded_name
      """)
    upsert = try connection.prepare(
      """
      INSERT INTO extension (service, owner, folded_name, tenant, name, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT DO UPDATE SET name = excluded.name, value = excluded.value
      """)
    remove = try connection.prepare("DELETE FROM extension \(row)")
  }

  private func bind(_ key: RecordKey, to statement: SQLiteStatement) {
    statement.bind(1, key.service)
    statement.bind(2, key.number)
    statement.bind(3, key.name)
    statement.bind(4, key.tenant.rawValue)
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    return Record(key, name: one.text(0) ?? "", document: Array(one.bytes(1)))
  }

  func records(of service: ServiceID, _ tenant: Tenant) throws(StoreError) -> [Record] {
    ofService.bind(1, service.rawValue)
    ofService.bind(2, tenant.rawValue)
    var records: [Record] = []
    while try ofService.step() {
      let key = RecordKey(
        .extension, tenant, service: service.rawValue, number: ofService.integer(2),
        name: ofService.text(3) ?? "")
      records.append(Record(key, name: ofService.text(0) ?? "", document: Array(ofService.bytes(1))))
    }
    return records
  }

  func save(_ record: Record) throws(StoreError) {
    bind(record.key, to: upsert)
    upsert.bind(5, record.name)
    try upsert.run(borrowing: record.document, as: 6)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, to: remove)
    try remove.run()
  }
}
