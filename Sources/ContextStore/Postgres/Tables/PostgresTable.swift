import ContextModel

/// A column, as far as statements must know it.
struct PostgresColumn: Sendable {
  let name: String
  let element: PostgresArray.Element

  static func integer(_ name: String) -> PostgresColumn { PostgresColumn(name: name, element: .integer) }
  static func text(_ name: String) -> PostgresColumn { PostgresColumn(name: name, element: .text) }
}

/// How records of one kind lie in the database: one row each. All its statements take many rows at once, as one array a
/// column.
struct PostgresTable: Sendable {
  let name: String
  /// What the primary key consists of.
  let keys: [PostgresColumn]
  let columns: [PostgresColumn]
  /// Appends a key's values to the arrays, one each.
  let bindKey: @Sendable (RecordKey, inout [PostgresArray]) -> Void
  /// Appends the other values to the arrays behind those of the key.
  let bindColumns: @Sendable (Record, inout [PostgresArray], DocumentReader) throws(StoreError) -> Void
  /// Reads a row: keys, then columns.
  let read: @Sendable (PostgresResult, Int) -> Record

  let one: PostgresStatement
  /// Many rows, locked against others until the transaction ends, in the order of their keys: who locks in one order
  /// waits for nobody in a circle.
  let lock: PostgresStatement
  /// The rows of a service, in the order of their keys; only where the key begins with the service.
  let ofService: PostgresStatement
  let insert: PostgresStatement
  let update: PostgresStatement
  let delete: PostgresStatement

  /// - Parameters:
  ///   - immutable: columns that an update leaves alone.
  ///   - lock: how rows are locked that a batch reads.
  init(
    _ name: String, keys: [PostgresColumn], columns: [PostgresColumn], immutable: Set<String> = [],
    lock strength: String = "UPDATE",
    bindKey: @escaping @Sendable (RecordKey, inout [PostgresArray]) -> Void,
    bindColumns:
      @escaping @Sendable (Record, inout [PostgresArray], DocumentReader) throws(StoreError) -> Void,
    read: @escaping @Sendable (PostgresResult, Int) -> Record
  ) {
    self.name = name
    self.keys = keys
    self.columns = columns
    self.bindKey = bindKey
    self.bindColumns = bindColumns
    self.read = read
    let all = keys + columns
    let list = all.map { "t.\($0.name)" }.joined(separator: ", ")
    let order = keys.map { "t.\($0.name)" }.joined(separator: ", ")
    let found = keys.map { "t.\($0.name) = u.\($0.name)" }.joined(separator: " AND ")
    let given = Self.rows(keys)
    one = PostgresStatement("one-\(name)", "SELECT \(list) FROM \(name) t, \(given) WHERE \(found)")
    lock = PostgresStatement(
      "lock-\(name)",
      "SELECT \(list) FROM \(name) t, \(given) WHERE \(found) ORDER BY \(order) FOR \(strength) OF t")
    ofService = PostgresStatement(
      "of-service-\(name)",
      "SELECT \(list) FROM \(name) t WHERE \(keys[0].name) = $1 AND tenant = $2 ORDER BY \(order)")
    insert = Self.insert(into: name, all)
    let changed = columns.filter { !immutable.contains($0.name) }
    update = Self.update(name, keys, all, changed)
    delete = PostgresStatement("delete-\(name)", "DELETE FROM \(name) t USING \(given) WHERE \(found)")
  }

  /// The rows that the first parameters give, one array a column, as `u`.
  static func rows(_ columns: [PostgresColumn]) -> String {
    let arrays = columns.enumerated().map { "$\($0.offset + 1)::\($0.element.element.name)[]" }
    return "unnest(\(arrays.joined(separator: ", "))) u(\(columns.map(\.name).joined(separator: ", ")))"
  }

  static func insert(into name: String, _ columns: [PostgresColumn]) -> PostgresStatement {
    let names = columns.map(\.name).joined(separator: ", ")
    return PostgresStatement(
      "insert-\(name)", "INSERT INTO \(name) (\(names)) SELECT \(names) FROM \(rows(columns))")
  }

  /// - Parameters:
  ///   - given: the columns of the parameters.
  ///   - changed: those of them that are set.
  static func update(
    _ name: String, as statement: String? = nil, _ keys: [PostgresColumn], _ given: [PostgresColumn],
    _ changed: [PostgresColumn]
  ) -> PostgresStatement {
    let set = changed.map { "\($0.name) = u.\($0.name)" }.joined(separator: ", ")
    let found = keys.map { "t.\($0.name) = u.\($0.name)" }.joined(separator: " AND ")
    return PostgresStatement(
      statement ?? "update-\(name)", "UPDATE \(name) t SET \(set) FROM \(rows(given)) WHERE \(found)")
  }

  /// The record of the first row; `nil` if there is none, or it is another tenant's.
  func record(_ rows: PostgresResult, of tenant: Tenant) -> Record? {
    guard rows.count > 0 else { return nil }
    let record = read(rows, 0)
    return record.key.tenant == tenant ? record : nil
  }

  /// The parameters that name some rows.
  func parameters(_ keys: some Collection<RecordKey>) -> [PostgresParameter] {
    var arrays = [PostgresArray](of: self.keys, rows: keys.count)
    for key in keys { bindKey(key, &arrays) }
    return arrays.finish()
  }

  /// The parameters that give some rows.
  func parameters(
    _ records: some Collection<Record>, _ documents: DocumentReader
  ) throws(StoreError) -> [PostgresParameter] {
    var arrays = [PostgresArray](of: keys + columns, rows: records.count)
    for record in records {
      bindKey(record.key, &arrays)
      try bindColumns(record, &arrays, documents)
    }
    return arrays.finish()
  }
}
