import ContextModel

/// Records of one kind whose rows have a column for each part of them, and no others.
final class PlainTable: RecordTable {
  /// What a column of the primary key holds.
  enum KeyPart {
    case tenant, number, name
  }

  /// What another column holds.
  enum Part {
    case revision, sequence, document, hidden
  }

  private let keyParts: [KeyPart]
  private let parts: [Part]
  private let one: SQLiteStatement
  private let upsert: SQLiteStatement
  private let remove: SQLiteStatement

  /// - Parameters:
  ///   - key: the columns of the primary key.
  ///   - columns: the others. Without one for the document it is an empty object.
  init(
    _ table: String, key: KeyValuePairs<String, KeyPart>, _ columns: KeyValuePairs<String, Part>,
    _ connection: SQLiteConnection
  ) throws(StoreError) {
    keyParts = key.map(\.value)
    parts = columns.map(\.value)
    let row = key.enumerated().map { "\($1.key) = ?\($0 + 1)" }.joined(separator: " AND ")
    let names = columns.map(\.key).joined(separator: ", ")
    let all = (key.map(\.key) + columns.map(\.key)).joined(separator: ", ")
    let values = (1...key.count + columns.count).map { "?\($0)" }.joined(separator: ", ")
    one = try connection.prepare("SELECT \(names) FROM \(table) WHERE \(row)")
    upsert = try connection.prepare("INSERT OR REPLACE INTO \(table) (\(all)) VALUES (\(values))")
    remove = try connection.prepare("DELETE FROM \(table) WHERE \(row)")
  }

  private func bind(_ key: RecordKey, to statement: SQLiteStatement) {
    for (index, part) in zip(Int32(1)..., keyParts) {
      switch part {
      case .tenant: statement.bind(index, key.tenant.rawValue)
      case .number: statement.bind(index, key.number)
      case .name: statement.bind(index, key.name)
      }
    }
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    bind(key, to: one)
    guard try one.step() else { return nil }
    defer { one.reset() }
    var record = Record(key, document: Array("{}".utf8))
    for (column, part) in zip(Int32(0)..., parts) {
      switch part {
      case .revision: record.revision = one.integer(column)
      case .sequence: record.sequence = one.integer(column)
      case .document: record.document = Array(one.bytes(column))
      case .hidden: record.hidden = Array(one.bytes(column))
      }
    }
    return record
  }

  func save(_ record: Record) throws(StoreError) {
    bind(record.key, to: upsert)
    for (index, part) in zip(Int32(keyParts.count + 1)..., parts) {
      switch part {
      case .revision: upsert.bind(index, record.revision)
      case .sequence: upsert.bind(index, record.sequence)
      case .document: upsert.bind(index, text: record.document)
      case .hidden: upsert.bind(index, text: record.hidden)
      }
    }
    try upsert.run()
  }

  func delete(_ key: RecordKey) throws(StoreError) {
    bind(key, to: remove)
    try remove.run()
  }
}
