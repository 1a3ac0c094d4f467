/// Where a store keeps its data.
public enum StoreLocation: Sendable, Equatable {
  /// A folder of this machine: a journal and a SQLite database.
  case folder(String)
  /// A PostgreSQL database that any number of servers work on.
  case postgres(PostgresOptions)

  /// Makes the data folder, which a server has for files that it imports and exports wherever its store lies.
  public static func makeFolder(_ path: String) throws(StoreError) { try Files.makeFolder(path) }
}
