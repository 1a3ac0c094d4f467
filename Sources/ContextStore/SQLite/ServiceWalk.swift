import ContextModel

/// Walks over all services page by page. Belongs to one connection, and to its thread.
final class ServiceWalk {
  private let page: SQLiteStatement
  private let due: SQLiteStatement
  private let history: SQLiteStatement
  private let oldKeys: SQLiteStatement
  private let keysNaming: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    page = try connection.prepare(
      """
      SELECT id, revision, document, hidden, sequence FROM service WHERE id > ?1 AND tenant = ?2 ORDER BY id LIMIT ?3
      """)
    due = try connection.prepare(
      "SELECT tenant, id FROM service WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2")
    oldKeys = try connection.prepare(
      "SELECT tenant, key FROM idempotency_key WHERE at < ?1 ORDER BY at LIMIT ?2")
    keysNaming = try connection.prepare(
      """
      SELECT key FROM idempotency_key WHERE tenant = ?1 AND answer ->> '$.answer.body.customer_id' = ?2
      """)
    // All rows of the page's last service are in it, for the next page begins behind that.
    history = try connection.prepare(
      """
      SELECT service, tenant, customer FROM association WHERE service > ?1 AND service <= (
        SELECT max(service) FROM (
          SELECT service FROM association WHERE service > ?1 ORDER BY service, sequence LIMIT ?2))
      ORDER BY service, sequence
      """)
  }

  /// Idempotency keys from before a moment, the oldest first.
  func idempotencyKeys(
    before moment: Timestamp, limit: Int
  ) throws(StoreError) -> [(tenant: Tenant, key: String)] {
    oldKeys.bind(1, moment.milliseconds)
    oldKeys.bind(2, Int64(limit))
    var keys: [(tenant: Tenant, key: String)] = []
    while try oldKeys.step() { keys.append((Tenant(rawValue: oldKeys.integer(0)), oldKeys.text(1) ?? "")) }
    return keys
  }

  /// The idempotency keys of calls whose answers name a customer.
  func idempotencyKeys(naming customer: String, tenant: Tenant) throws(StoreError) -> [String] {
    keysNaming.bind(1, tenant.rawValue)
    keysNaming.bind(2, customer)
    var keys: [String] = []
    while try keysNaming.step() { keys.append(keysNaming.text(0) ?? "") }
    return keys
  }

  func services(after id: Int64, tenant: Tenant, limit: Int) throws(StoreError) -> [Record] {
    page.bind(1, id)
    page.bind(2, tenant.rawValue)
    page.bind(3, Int64(limit))
    var records: [Record] = []
    while try page.step() {
      guard let id = ServiceID(page.integer(0)) else { continue }
      var record = Record(
        .service(id, tenant: tenant), revision: page.integer(1), document: Array(page.bytes(2)),
        hidden: Array(page.bytes(3)))
      record.sequence = page.integer(4)
      records.append(record)
    }
    return records
  }

  func dueServices(at moment: Timestamp, limit: Int) throws(StoreError) -> [(Tenant, ServiceID)] {
    due.bind(1, moment.milliseconds)
    due.bind(2, Int64(limit))
    var services: [(Tenant, ServiceID)] = []
    while try due.step() {
      if let id = ServiceID(due.integer(1)) { services.append((Tenant(rawValue: due.integer(0)), id)) }
    }
    return services
  }

  /// The services of a page of the history that a customer had, and the last service that was looked at.
  func services(
    associatedWith customer: String, after service: Int64, tenant: Tenant, limit: Int
  ) throws(StoreError) -> (ids: [ServiceID], last: Int64?) {
    history.bind(1, service)
    history.bind(2, Int64(limit))
    var ids: [ServiceID] = []
    var count = 0
    var last: Int64?
    while try history.step() {
      count += 1
      last = history.integer(0)
      guard history.integer(1) == tenant.rawValue, history.text(2).hasBytes(of: customer),
        let id = ServiceID(history.integer(0)),
        ids.last != id
      else { continue }
      ids.append(id)
    }
    return (ids, count < limit ? nil : last)
  }
}
