import ContextModel

/// The tables of one connection, by the kind of their records. One thread at a time.
final class SQLiteTables {
  /// By the kinds' numbers; `nil` for those that are not used any more.
  private let tables: [(any RecordTable)?]

  init(_ connection: SQLiteConnection) throws(StoreError) {
    var tables: [(any RecordTable)?] = []
    for number in 0...(RecordKey.Kind.allCases.map(\.rawValue).max() ?? 0) {
      let kind = RecordKey.Kind(rawValue: number)
      tables.append(try kind.map { (kind) throws(StoreError) in try Self.table(of: kind, connection) })
    }
    self.tables = tables
  }

  private static func table(
    of kind: RecordKey.Kind, _ connection: SQLiteConnection
  ) throws(StoreError) -> any RecordTable {
    switch kind {
    case .service: try ServiceTable(connection)
    case .extension: try ExtensionTable(connection)
    case .schema: try SchemaTable(connection)
    case .follower: try FollowerTable(connection)
    case .state: try PartTable(.state, connection)
    case .task: try PartTable(.task, connection)
    case .profile: try ProfileTable(connection)
    case .identificationKeys: try IdentificationKeyTable(connection)
    case .identity: try IdentityTable(connection)
    case .erasure: try ErasureTable(connection)
    case .idempotencyKey: try IdempotencyKeyTable(connection)
    case .setting: try SettingTable(connection)
    }
  }

  subscript(kind: RecordKey.Kind) -> any RecordTable { tables[Int(kind.rawValue)].unsafelyUnwrapped }
}
