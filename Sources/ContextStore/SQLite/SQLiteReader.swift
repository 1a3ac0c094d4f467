import ContextModel

/// Reads from the database on a connection of its own. One thread at a time.
final class SQLiteReader: StoreReader {
  private let connection: SQLiteConnection
  private let begins: SQLiteStatement
  private let ends: SQLiteStatement
  private let oneService: SQLiteStatement
  private let oneMapping: SQLiteStatement
  private let ofCustomer: SQLiteStatement
  private let ofContactKey: SQLiteStatement
  private let allExtensions: SQLiteStatement
  private let oneExtension: SQLiteStatement

  init(path: String, pageCache: Int) throws(StoreError) {
    connection = try SQLiteConnection(path: path, .read)
    try connection.execute("PRAGMA cache_size = -\(max(1, pageCache / 1024))")
    begins = try connection.prepare("BEGIN")
    ends = try connection.prepare("COMMIT")
    oneService = try connection.prepare(
      "SELECT revision, document FROM service WHERE id = ?1 AND tenant = ?2")
    oneMapping = try connection.prepare(
      "SELECT revision, document, customer, status FROM service WHERE id = ?1 AND tenant = ?2")
    ofCustomer = try connection.prepare(Self.list(where: "customer = ?2"))
    ofContactKey = try connection.prepare(Self.list(where: "contact_key = ?2 AND customer IS NULL"))
    allExtensions = try connection.prepare(
      "SELECT name, value FROM service_extension WHERE tenant = ?1 AND service = ?2 ORDER BY folded_name")
    oneExtension = try connection.prepare(
      "SELECT name, value FROM service_extension WHERE tenant = ?1 AND service = ?2 AND folded_name = ?3")
  }

  private static func list(where owner: String) -> String {
    """
    SELECT id, revision, document, service_type FROM service
    WHERE tenant = ?1 AND \(owner) AND started_at >= ?3 AND started_at < ?4 AND (?5 IS NULL OR status = ?5)
    ORDER BY started_at, id
    """
  }

  func begin() throws(StoreError) {
    // Not before the first statement reads is the moment fixed: later than asked for does no harm.
    try begins.run()
  }

  func end() {
    if (try? ends.run()) == nil { connection.rollBack() }
  }

  func service(_ key: ServiceKey, _ extensions: ExtensionSelection) throws(StoreError) -> ServiceRecord? {
    oneService.bind(1, key.id.rawValue)
    oneService.bind(2, key.tenant.rawValue)
    guard try oneService.step() else { return nil }
    var record = ServiceRecord(document: Array(oneService.bytes(1)), revision: oneService.integer(0))
    oneService.reset()
    record.extensions = try self.extensions(extensions, of: key)
    return record
  }

  func mapping(_ key: ServiceKey) throws(StoreError) -> Mapping? {
    oneMapping.bind(1, key.id.rawValue)
    oneMapping.bind(2, key.tenant.rawValue)
    guard try oneMapping.step() else { return nil }
    defer { oneMapping.reset() }
    return Mapping(
      tenant: key.tenant, service: key.id, revision: oneMapping.integer(0), customer: oneMapping.text(2),
      status: oneMapping.text(3) == "active" ? .active : .completed, document: Array(oneMapping.bytes(1)))
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [ServiceRecord] {
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
    var records: [ServiceRecord] = []
    defer { statement.reset() }
    while try statement.step() {
      if !types.isEmpty {
        guard let type = statement.attributeValue(3), types.contains(type) else { continue }
      }
      var record = ServiceRecord(document: Array(statement.bytes(2)), revision: statement.integer(1))
      if query.extensions != .none, let id = ServiceID(statement.integer(0)) {
        record.extensions = try extensions(query.extensions, of: ServiceKey(id: id, tenant: query.tenant))
      }
      records.append(record)
    }
    return records
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

  private func extensions(
    _ selection: ExtensionSelection, of key: ServiceKey
  ) throws(StoreError) -> [StoredExtension] {
    switch selection {
    case .none: return []
    case .all:
      return try rows(of: allExtensions, key)
    case .named(let names):
      var found: [StoredExtension] = []
      for name in Set(names.map { $0.lowercased() }).sorted() {
        oneExtension.bind(3, name)
        found += try rows(of: oneExtension, key)
      }
      return found
    }
  }

  private func rows(of statement: SQLiteStatement, _ key: ServiceKey) throws(StoreError) -> [StoredExtension]
  {
    statement.bind(1, key.tenant.rawValue)
    statement.bind(2, key.id.rawValue)
    var found: [StoredExtension] = []
    while try statement.step() {
      found.append(StoredExtension(name: statement.text(0) ?? "", text: Array(statement.bytes(1))))
    }
    return found
  }
}
