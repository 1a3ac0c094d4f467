/// Reads the tables of a SQLite database page by page. One thread at a time.
final class CopySource {
  private let connection: SQLiteConnection

  init(file: String) throws(StoreError) { connection = try SQLiteConnection(path: file, .read) }

  func count(_ table: CopiedTable) throws(StoreError) -> Int {
    Int(try connection.integer("SELECT count(*) FROM \(table.name)"))
  }

  func counter(_ name: String) throws(StoreError) -> Int64 {
    try connection.integer("SELECT last FROM counter WHERE name = '\(name)'")
  }

  /// The rows behind one, in the order of their keys; the first ones without a key.
  func page(_ table: CopiedTable, after key: [CopiedValue]?) throws(StoreError) -> [[CopiedValue]] {
    // What counts within a service begins anew with it.
    let keys = table.columns[..<table.keys]
    let list = keys.map(\.source).joined(separator: ", ")
    let behind = keys.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
    let statement = try connection.prepare(
      """
      SELECT \(table.columns.map(\.source).joined(separator: ", ")) FROM \(table.name) t
      \(key == nil ? "" : "WHERE \(keys[0].source) >= ?1 AND (\(list)) > (\(behind))")
      ORDER BY \(keys.map { $0.name == "ordinal" ? "sequence" : $0.source }.joined(separator: ", "))
      LIMIT \(CopiedTable.page)
      """)
    for (place, value) in (key ?? []).enumerated() {
      switch value {
      case .nothing: statement.bindNull(Int32(place + 1))
      case .integer(let integer): statement.bind(Int32(place + 1), integer)
      case .text(let text): statement.bind(Int32(place + 1), text: text)
      }
    }
    var rows: [[CopiedValue]] = []
    while try statement.step() {
      rows.append(table.columns.enumerated().map { value(statement, Int32($0.offset), $0.element.kind) })
    }
    return rows
  }

  private func value(_ row: SQLiteStatement, _ column: Int32, _ kind: CopiedTable.Kind) -> CopiedValue {
    guard !row.isNull(column) else { return .nothing }
    switch kind {
    case .integer: return .integer(row.integer(column))
    case .name, .text: return .text(Array(row.bytes(column)))
    case .foldedName:
      return .text(Array(String(decoding: row.bytes(column), as: UTF8.self).lowercased().utf8))
    }
  }
}
