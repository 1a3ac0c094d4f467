import Glibc

/// The version of a store's tables, and the one that this server works with.
public struct StoreSchema: Sendable, CustomStringConvertible {
  /// Where the store lies, for people.
  public let place: String
  /// The version that the tables have; 0 if there are none.
  public let version: Int64
  /// The version that this server works with.
  public let current: Int64

  /// Looks at a store, and changes nothing.
  ///
  /// - Throws: if it cannot be read, or is newer than this server.
  public init(of location: StoreLocation) throws(StoreError) {
    switch location {
    case .folder(let folder):
      let file = "\(folder)/\(SQLiteTarget.fileName)"
      place = file
      current = SQLiteSchema.current
      guard access(file, F_OK) == 0 else {
        version = 0
        return
      }
      version = try SQLiteConnection(path: file, .read).integer("PRAGMA user_version")
      guard version <= current else { throw SQLiteSchema.newer(file, version) }
    case .postgres(let options):
      let connection = try PostgresConnection(options)
      place = try connection.run(Self.name).text(0, 0) ?? ""
      current = PostgresSchema.current
      version = try PostgresSchema.version(connection)
    }
  }

  private static let name = PostgresStatement(
    "store-name",
    """
    SELECT format('PostgreSQL %s, database %s, schema %s', current_setting('server_version'), current_database(),
      current_schema())
    """)

  /// Brings a store's tables to this server's version; they are made if there are none.
  ///
  /// - Returns: how they were before.
  public static func migrate(_ location: StoreLocation) throws(StoreError) -> StoreSchema {
    let found = try StoreSchema(of: location)
    switch location {
    case .folder(let folder):
      try Files.makeFolder(folder)
      let lock = try FolderLock(folder: folder)
      defer { lock.release() }
      _ = try SQLiteTarget(file: "\(folder)/\(SQLiteTarget.fileName)", options: StoreOptions())
    case .postgres(let options): try PostgresSchema.migrate(options)
    }
    return found
  }

  /// A line for people.
  public var description: String {
    let state =
      version == current
      ? "this server's" : version == 0 ? "there are none yet" : "this server makes it version \(current)"
    return "\(place): tables of version \(version) (\(state))"
  }
}
