import ContextModel

/// The services of a customer or a contact key, as the database has them. Belongs to one connection, and to its thread.
final class ServiceLists {
  private let ofCustomer: SQLiteStatement
  private let ofContactKey: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    ofCustomer = try connection.prepare(Self.list(where: "customer = ?2"))
    ofContactKey = try connection.prepare(Self.list(where: "contact_key = ?2 AND customer IS NULL"))
  }

  private static func list(where owner: String) -> String {
    """
    SELECT id, revision, document, hidden, service_type FROM service
    WHERE tenant = ?1 AND \(owner) AND started_at >= ?3 AND started_at < ?4 AND (?5 IS NULL OR status = ?5)
    ORDER BY started_at, id
    """
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] {
    let statement: SQLiteStatement
    switch query.owner {
    case .customer(let customer):
      statement = ofCustomer
      statement.bind(2, customer)
    case .contactKey(let contactKey):
      statement = ofContactKey
      statement.bind(2, contactKey)
    }
    statement.bind(1, query.tenant.rawValue)
    statement.bind(3, query.filter.startedFrom?.milliseconds ?? .min)
    statement.bind(4, query.filter.startedTo?.milliseconds ?? .max)
    statement.bind(5, query.filter.status?.name)
    let types = Set(query.filter.types)
    var records: [Record] = []
    defer { statement.reset() }
    while try statement.step() {
      if !types.isEmpty {
        guard let type = statement.attributeValue(4), types.contains(type) else { continue }
      }
      guard let id = ServiceID(statement.integer(0)) else { continue }
      records.append(
        Record(
          .service(id, tenant: query.tenant), revision: statement.integer(1),
          document: Array(statement.bytes(2)), hidden: Array(statement.bytes(3))))
    }
    return records
  }
}
