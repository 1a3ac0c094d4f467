import ContextModel

/// The services of a customer or a contact key, as the database has them. Belongs to one connection, and to its thread.
final class ServiceLists {
  /// A service, and where it stands in the list.
  typealias Row = (place: ServiceQuery.Place, record: Record)

  private let ofCustomer: SQLiteStatement
  private let ofContactKey: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    ofCustomer = try connection.prepare(Self.list(where: "customer = ?2"))
    ofContactKey = try connection.prepare(Self.list(where: "contact_key = ?2 AND customer IS NULL"))
  }

  // The rows come out of the index in their order: who needs no more of them stops.
  private static func list(where owner: String) -> String {
    """
    SELECT id, revision, document, hidden, service_type, started_at, sequence FROM service
    WHERE tenant = ?1 AND \(owner) AND (started_at, id) > (?3, ?4) AND started_at < ?5 AND (?6 IS NULL OR status = ?6)
    ORDER BY started_at, id
    """
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [Row] {
    let statement: SQLiteStatement
    switch query.owner {
    case .customer(let customer):
      statement = ofCustomer
      statement.bind(2, customer)
    case .contactKey(let contactKey):
      statement = ofContactKey
      statement.bind(2, contactKey)
    }
    let beginning = query.beginning
    statement.bind(1, query.tenant.rawValue)
    statement.bind(3, beginning.startedAt.milliseconds)
    statement.bind(4, beginning.id)
    statement.bind(5, query.filter.startedTo?.milliseconds ?? .max)
    statement.bind(6, query.filter.status?.name)
    let types = Set(query.filter.types)
    let limit = query.filter.limit ?? .max
    var rows: [Row] = []
    defer { statement.reset() }
    while rows.count < limit, try statement.step() {
      if !types.isEmpty {
        guard let type = statement.attributeValue(4), types.contains(type) else { continue }
      }
      guard let id = ServiceID(statement.integer(0)) else { continue }
      var record = Record(
        .service(id, tenant: query.tenant), revision: statement.integer(1),
        document: Array(statement.bytes(2)), hidden: Array(statement.bytes(3)))
      record.sequence = statement.integer(6)
      let startedAt = Timestamp(milliseconds: statement.integer(5))
      rows.append((ServiceQuery.Place(startedAt: startedAt, id: id.rawValue), record))
    }
    return rows
  }
}
