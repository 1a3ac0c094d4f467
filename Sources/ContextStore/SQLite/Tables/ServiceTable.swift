import ContextModel

/// Services. The columns beside the document are copies out of it, to find the row by.
final class ServiceTable: RecordTable {
  private let one: SQLiteStatement
  private let insert: SQLiteStatement
  private let update: SQLiteStatement
  private let updateAndMove: SQLiteStatement
  private let remove: SQLiteStatement
  private let documents = DocumentReader()

  init(_ connection: SQLiteConnection) throws(StoreError) {
    one = try connection.prepare(
      "SELECT tenant, revision, sequence, document, hidden FROM service WHERE id = ?1")
    insert = try connection.prepare(
      """
      INSERT OR REPLACE INTO service (id, tenant, revision, sequence, document, hidden, status, customer, service_type,
                                      due_at, started_at, contact_key)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
      """)
    // An index is written whenever a column of it is assigned, changed or not.
    update = try connection.prepare(
      "UPDATE service SET revision = ?3, sequence = ?4, document = ?5, hidden = ?6 WHERE id = ?1 AND tenant = ?2"
    )
    updateAndMove = try connection.prepare(
      """
      UPDATE service SET revision = ?3, sequence = ?4, document = ?5, hidden = ?6, status = ?7, customer = ?8,
                         service_type = ?9, due_at = ?10
      WHERE id = ?1 AND tenant = ?2
      """)
    remove = try connection.prepare("DELETE FROM service WHERE id = ?1")
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    one.bind(1, key.service)
    guard try one.step() else { return nil }
    defer { one.reset() }
    // Ids are unique over all tenants: whose it is, is for the caller to see.
    let found = RecordKey(.service, Tenant(rawValue: one.integer(0)), service: key.service)
    var record = Record(
      found, revision: one.integer(1), document: Array(one.bytes(3)), hidden: Array(one.bytes(4)))
    record.sequence = one.integer(2)
    return record
  }

  func save(_ record: Record) throws(StoreError) {
    let statement = record.isNew ? insert : record.movesInIndexes ? updateAndMove : update
    statement.bind(1, record.key.service)
    statement.bind(2, record.key.tenant.rawValue)
    statement.bind(3, record.revision)
    statement.bind(4, record.sequence)
    statement.bind(6, text: record.hidden)
    if record.isNew || record.movesInIndexes {
      // Read as a whole only where it is new: there are about as many others as there are associations.
      guard let service = documents.value(record.document), service["service_id"] != nil else {
        throw DocumentReader.damaged(record.key.service)
      }
      let dueAt = ServiceTrail(text: record.hidden).dueAt
      statement.bind(7, constant: service["completed"] == nil ? "active" : "completed")
      statement.bind(8, service["customer_id"]?.string)
      statement.bind(9, service["service_type"].flatMap(AttributeValue.init))
      statement.bind(10, dueAt == 0 ? nil : dueAt)
      if record.isNew {
        guard let new = Service(document: service, tenant: record.key.tenant, revision: record.revision)
        else {
          throw DocumentReader.damaged(record.key.service)
        }
        statement.bind(11, new.startedAt.milliseconds)
        statement.bind(12, new.contactKey)
      }
    }
    try statement.run(borrowing: record.document, as: 5)
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    remove.bind(1, key.service)
    try remove.run()
  }
}
