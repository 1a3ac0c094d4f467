import ContextModel

/// Writes copied tables into a PostgreSQL database, and reads them back. One thread at a time.
final class CopyTarget {
  private let connection: PostgresConnection

  init(_ options: PostgresOptions) throws(StoreError) {
    var options = options
    // A page of a large table may take longer than a call may.
    options.statementTimeout = max(options.statementTimeout, 60_000)
    try PostgresSchema.migrate(options)
    connection = try PostgresConnection(options)
  }

  // MARK: Whose copy it is

  /// Claims the database for the copy of one store; servers refuse to work on it until `finish`.
  ///
  /// - Throws: if there is other data in it.
  func claim(for store: Int64) throws(StoreError) {
    let claim = try connection.run(
      PostgresStatement("copy-claim", "SELECT value FROM setting WHERE name = '\(Self.setting)'"))
    if claim.count > 0 {
      guard claim.text(0, 0) == "\(store)" else {
        throw StoreError(.cannotOpen, "the target holds an unfinished copy of another store: empty it first")
      }
      return
    }
    for table in CopiedTable.all.map(\.name) + ["change"] {
      let isUsed = try connection.run(
        PostgresStatement("copy-used-\(table)", "SELECT EXISTS (SELECT FROM \(table))")
      ).integer(0, 0)
      guard isUsed == 0 else {
        throw StoreError(
          .cannotOpen, "the target holds data already (table \(table)): only an empty one is copied into")
      }
    }
    try connection.run(
      PostgresStatement(
        "copy-claims", "INSERT INTO setting VALUES ('\(Self.setting)', $1)"), .text("\(store)"))
  }

  /// The setting that tells that a copy is not whole yet.
  static let setting = "copy-of-store"

  /// The copy is whole.
  func finish(nextServiceID: Int64, lastSequence: Int64) throws(StoreError) {
    try connection.run(
      PostgresStatement(
        "copy-finish",
        """
        WITH ids AS (SELECT setval('service_id', $1, false)), numbers AS (
          UPDATE counter SET last = $2 WHERE name = 'sequence')
        DELETE FROM setting WHERE name = '\(Self.setting)' AND EXISTS (SELECT FROM ids)
        """), .integer(nextServiceID), .integer(lastSequence))
  }

  // MARK: Rows

  private func escaped(_ value: CopiedValue, _ kind: CopiedTable.Kind) -> [UInt8]? {
    guard case .text(let text) = value else { return nil }
    return kind == .text ? text : Array(PostgresText.escaped(String(decoding: text, as: UTF8.self)).utf8)
  }

  private static func element(_ column: CopiedTable.Column) -> PostgresColumn {
    column.kind == .integer ? .integer(column.name) : .text(column.name)
  }

  /// Keeps rows; those that are there already stay as they are.
  func save(_ rows: [[CopiedValue]], in table: CopiedTable) throws(StoreError) {
    let columns = table.columns.map(Self.element)
    var arrays = [PostgresArray](of: columns, rows: rows.count)
    for row in rows {
      for (place, value) in row.enumerated() {
        if case .integer(let integer) = value {
          arrays[place].append(integer)
        } else if let text = escaped(value, table.columns[place].kind) {
          arrays[place].append(utf8: text)
        } else {
          arrays[place].append(nil as Int64?)
        }
      }
    }
    let names = columns.map(\.name).joined(separator: ", ")
    try connection.send(
      PostgresStatement(
        "copy-save-\(table.name)",
        """
        INSERT INTO \(table.name) (\(names)) SELECT \(names) FROM \(PostgresTable.rows(columns))
        ON CONFLICT DO NOTHING
        """), arrays.finish())
    try connection.synchronize()
    try connection.pass(1)
    try connection.takeEnd()
  }

  /// The rows behind one, in the order of their keys; the first ones without a key.
  func page(_ table: CopiedTable, after key: [CopiedValue]?) throws(StoreError) -> [[CopiedValue]] {
    let keys = table.columns[..<table.keys].map(\.name).joined(separator: ", ")
    let behind = (1...table.keys).map { "$\($0)" }.joined(separator: ", ")
    let names = table.columns.map(\.name).joined(separator: ", ")
    let isMark = table.name == "setting" ? "name <> '\(Self.setting)'" : "true"
    try connection.send(
      PostgresStatement(
        "copy-page-\(table.name)-\(key == nil ? "first" : "next")",
        """
        SELECT \(names) FROM \(table.name) WHERE \(isMark) \(key == nil ? "" : "AND (\(keys)) > (\(behind))")
        ORDER BY \(keys) LIMIT \(CopiedTable.page)
        """), parameters(table, key))
    try connection.synchronize()
    let found = try connection.take()
    try connection.takeEnd()
    return (0..<found.count).map { row in
      table.columns.enumerated().map { value(found, row, $0.offset, $0.element.kind) }
    }
  }

  /// The key of the last row; `nil` if there is none.
  func lastKey(_ table: CopiedTable) throws(StoreError) -> [CopiedValue]? {
    let keys = table.columns[..<table.keys].map(\.name)
    let isMark = table.name == "setting" ? "WHERE name <> '\(Self.setting)'" : ""
    let found = try connection.run(
      PostgresStatement(
        "copy-last-\(table.name)",
        """
        SELECT \(keys.joined(separator: ", ")) FROM \(table.name) \(isMark)
        ORDER BY \(keys.map { "\($0) DESC" }.joined(separator: ", ")) LIMIT 1
        """))
    guard found.count > 0 else { return nil }
    return (0..<table.keys).map { value(found, 0, $0, table.columns[$0].kind) }
  }

  func count(_ table: CopiedTable) throws(StoreError) -> Int {
    Int(
      try connection.run(PostgresStatement("copy-count-\(table.name)", "SELECT count(*) FROM \(table.name)"))
        .integer(0, 0))
  }

  private func parameters(_ table: CopiedTable, _ key: [CopiedValue]?) -> [PostgresParameter] {
    (key ?? []).enumerated().map { place, value in
      switch value {
      case .integer(let integer): .integer(integer)
      case .nothing: .integer(nil)
      case .text(let text): .text(String(decoding: text, as: UTF8.self))
      }
    }
  }

  private func value(
    _ rows: PostgresResult, _ row: Int, _ column: Int, _ kind: CopiedTable.Kind
  ) -> CopiedValue {
    guard !rows.isNull(row, column) else { return .nothing }
    switch kind {
    case .integer: return .integer(rows.integer(row, column))
    case .text: return .text(rows.array(row, column))
    case .name, .foldedName: return .text(Array((rows.text(row, column) ?? "").utf8))
    }
  }

  // MARK: Changes

  private static let change: [PostgresColumn] = [
    .integer("sequence"), .integer("tenant"), .integer("service"), .integer("revision"), .text("kind"),
    .integer("at"), .text("customer_before"), .text("customer"), .text("interaction"), .text("principal"),
    .text("event"),
  ]

  /// Keeps changes with their numbers; those that are there already stay as they are.
  func save(_ changes: [Change]) throws(StoreError) {
    var arrays = [PostgresArray](of: Self.change, rows: changes.count)
    for place in changes.indices { changes.bind(place, to: &arrays, number: changes[place].sequence) }
    let names = Self.change.map(\.name).joined(separator: ", ")
    try connection.send(
      PostgresStatement(
        "copy-changes",
        "INSERT INTO change (\(names)) SELECT \(names) FROM \(PostgresTable.rows(Self.change)) ON CONFLICT DO NOTHING"
      ),
      arrays.finish())
    try connection.synchronize()
    try connection.pass(1)
    try connection.takeEnd()
  }

  /// How many changes there are, and the number of the newest.
  func changes() throws(StoreError) -> (count: Int, newest: Int64) {
    let found = try connection.run(
      PostgresStatement("copy-newest", "SELECT count(*), coalesce(max(sequence), 0) FROM change"))
    return (Int(found.integer(0, 0)), found.integer(0, 1))
  }
}
