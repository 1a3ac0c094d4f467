import ContextModel

/// How services lie in the database. The columns beside the document are copies out of it, to find the row by.
enum PostgresServices {
  private static let id = PostgresColumn.integer("id")
  /// What every change of a service changes.
  private static let contents: [PostgresColumn] = [.integer("revision"), .text("document"), .text("hidden")]
  /// Under what it is found, as far as that can change.
  private static let found: [PostgresColumn] = [
    .text("status"), .text("customer"), .text("service_type"), .integer("due_at"),
  ]
  private static let fixed: [PostgresColumn] = [
    .integer("tenant"), .integer("started_at"), .text("contact_key"),
  ]

  private static let columns = "id, tenant, revision, document, hidden"
  static let lock = PostgresStatement(
    "lock-service", "SELECT \(columns) FROM service WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE")
  static let some = PostgresStatement(
    "some-service", "SELECT \(columns) FROM service WHERE id = ANY($1::bigint[])")
  static let page = PostgresStatement(
    "page-service", "SELECT \(columns) FROM service WHERE id > $1 AND tenant = $2 ORDER BY id LIMIT $3")
  static let all = PostgresStatement(
    "all-service", "SELECT \(columns) FROM service WHERE id > $1 ORDER BY id LIMIT $2")
  static let delete = PostgresStatement(
    "delete-service", "DELETE FROM service WHERE id = ANY($1::bigint[])")

  private static let insert = PostgresTable.insert(into: "service", [id] + contents + found + fixed)
  // An index is written whenever a column of it changes; where none does the row may stay in its page.
  private static let update = PostgresTable.update("service", [id], [id] + contents, contents)
  private static let move = PostgresTable.update(
    "service", as: "move-service", [id], [id] + contents + found, contents + found)

  private static func services(where owner: String) -> String {
    """
    service WHERE tenant = $1 AND \(owner) AND (started_at, id) > ($3, $4) AND started_at < $5
      AND ($6::text IS NULL OR status = $6) AND (cardinality($7::text[]) = 0 OR service_type = ANY($7))
    """
  }

  // The index has the order of the starts alone. Were the ids asked for at once a plan for any owner would sort all services
  // of this one for one page.
  private static func list(_ name: String, where owner: String) -> PostgresStatement {
    PostgresStatement(
      name,
      """
      SELECT \(columns) FROM (
        SELECT \(columns), started_at FROM \(services(where: owner)) ORDER BY started_at FETCH FIRST $8 ROWS WITH TIES
      ) page ORDER BY started_at, id LIMIT $8
      """)
  }

  private static func lock(_ name: String, where owner: String) -> PostgresStatement {
    PostgresStatement(
      name, "SELECT \(columns) FROM \(services(where: owner)) ORDER BY started_at, id FOR UPDATE")
  }

  private static let ofCustomer = "customer = $2"
  private static let ofContactKey = "contact_key = $2 AND customer IS NULL"
  private static let customerList = list("list-customer", where: ofCustomer)
  private static let contactKeyList = list("list-contact-key", where: ofContactKey)
  private static let customerLock = lock("lock-customer", where: ofCustomer)
  private static let contactKeyLock = lock("lock-contact-key", where: ofContactKey)

  /// Reads a row. Whose a service is, it says itself.
  static func record(_ rows: PostgresResult, _ row: Int) -> Record {
    Record(
      RecordKey(.service, Tenant(rawValue: rows.integer(row, 1)), service: rows.integer(row, 0)),
      revision: rows.integer(row, 2), document: rows.array(row, 3), hidden: rows.array(row, 4))
  }

  /// Reads a row as a service, without a copy of its document.
  static func read(
    _ rows: PostgresResult, _ row: Int, _ documents: DocumentReader, into service: inout Service?
  ) throws(StoreError) {
    let isRead = documents.read(
      UnsafeRawBufferPointer(rows.bytes(row, 3)), hidden: UnsafeRawBufferPointer(rows.bytes(row, 4)),
      tenant: Tenant(rawValue: rows.integer(row, 1)), revision: rows.integer(row, 2), into: &service)
    guard isRead else { throw DocumentReader.damaged(rows.integer(row, 0)) }
  }

  /// The parameter that names some services.
  static func parameter(_ ids: some Sequence<Int64>) -> PostgresParameter {
    var array = PostgresArray(of: .integer, expecting: ids.underestimatedCount)
    for id in ids { array.append(id) }
    return array.finish()
  }

  /// Queues what keeps the services among some records, new ones and others.
  ///
  /// - Returns: how many statements that is.
  static func save(
    _ records: [Record], on connection: PostgresConnection, _ documents: DocumentReader
  ) throws(StoreError) -> Int {
    // By their places: each use of a record as a whole would be a copy.
    let places = records.indices.filter { records[$0].key.kind == .service }
      .sorted { records[$0].key.service < records[$1].key.service }
    let statements = [
      (insert, [id] + contents + found + fixed, places.filter { records[$0].isNew }),
      (move, [id] + contents + found, places.filter { !records[$0].isNew && records[$0].movesInIndexes }),
      (update, [id] + contents, places.filter { !records[$0].isNew && !records[$0].movesInIndexes }),
    ].filter { !$0.2.isEmpty }
    for (statement, given, places) in statements {
      var arrays = [PostgresArray](of: given, rows: places.count)
      for place in places { try bind(records, place, documents, &arrays) }
      try connection.send(statement, arrays.finish())
    }
    return statements.count
  }

  /// Records that come from no batch of changes do not bring them along.
  private static func columns(
    of record: Record, _ documents: DocumentReader
  ) throws(StoreError) -> ServiceColumns {
    if let columns = record.columns { return columns }
    return ServiceColumns(of: try documents.requiredService(record, record.key.service))
  }

  /// Appends as much of a service as its statement gives.
  private static func bind(
    _ records: [Record], _ place: Int, _ documents: DocumentReader, _ arrays: inout [PostgresArray]
  ) throws(StoreError) {
    arrays[0].append(records[place].key.service)
    arrays[1].append(records[place].revision)
    arrays[2].append(utf8: records[place].document)
    arrays[3].append(utf8: records[place].hidden)
    guard records[place].isNew || records[place].movesInIndexes else { return }
    let columns = try columns(of: records[place], documents)
    arrays[4].append(columns.status.name)
    arrays[5].append(columns.customer)
    arrays[6].append(columns.type.map(text))
    arrays[7].append(columns.dueAt == 0 ? nil : columns.dueAt)
    guard records[place].isNew else { return }
    arrays[8].append(records[place].key.tenant.rawValue)
    arrays[9].append(columns.startedAt)
    arrays[10].append(columns.contactKey)
  }

  /// An id as a number, a name as a string: they stay apart.
  private static func text(_ type: AttributeValue) -> String {
    switch type {
    case .id(let id): "\(id)"
    case .name(let name): "\"\(name)\""
    }
  }

  /// Queues a list. What is locked is the whole list, not a page of it.
  static func send(
    _ query: ServiceQuery, locking: Bool, on connection: PostgresConnection
  ) throws(StoreError) {
    let (statement, owner): (PostgresStatement, String) =
      switch query.owner {
      case .customer(let customer): (locking ? customerLock : customerList, customer)
      case .contactKey(let key): (locking ? contactKeyLock : contactKeyList, key)
      }
    let beginning = query.beginning
    var types = PostgresArray(of: .text, expecting: query.filter.types.count)
    for type in query.filter.types { types.append(text(type)) }
    var parameters: [PostgresParameter] = [
      .integer(query.tenant.rawValue), .text(owner), .integer(beginning.startedAt.milliseconds),
      .integer(beginning.id), .integer(query.filter.startedTo?.milliseconds ?? .max),
      .text(query.filter.status?.name), types.finish(),
    ]
    if !locking { parameters.append(.integer(query.filter.limit.map(Int64.init) ?? .max)) }
    try connection.send(statement, parameters)
  }

  /// The rows of a list.
  static func records(_ rows: PostgresResult) -> [Record] { (0..<rows.count).map { record(rows, $0) } }
}
