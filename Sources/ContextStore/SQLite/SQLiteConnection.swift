import CSQLite
import Glibc

/// A connection to one database file. Owns the C handle: it lives as long as the connection or a statement of it.
/// One thread at a time.
final class SQLiteConnection {
  /// How a file is opened.
  enum Mode {
    /// For reading and writing; made if it is not there.
    case create
    /// For reading and writing; must be there.
    case write
    /// For reading only; must be there.
    case read
  }

  /// Owned; closed when this object goes. Statements keep this object alive.
  let handle: OpaquePointer
  /// The file, for messages.
  let path: String

  /// Milliseconds to wait for a lock that somebody else holds, such as a person with the `sqlite3` shell.
  private static let patience: Int32 = 5000

  /// `SQLITE_IOERR_WRITE`, whose macro Swift cannot read.
  private static let writeFailure = SQLITE_IOERR | 3 << 8

  /// Memory statistics cost a process-wide lock at every allocation and are read by nobody.
  private static let isConfigured: Bool = csqlite_without_memory_statistics() == SQLITE_OK

  init(path: String, _ mode: Mode) throws(StoreError) {
    _ = Self.isConfigured
    let access =
      switch mode {
      case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      case .write: SQLITE_OPEN_READWRITE
      case .read: SQLITE_OPEN_READONLY
      }
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
    guard code == SQLITE_OK, let handle else {
      let reason = String(cString: handle.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(code))
      sqlite3_close_v2(handle)
      throw StoreError(.cannotOpen, "the database \(path) cannot be opened: \(reason)")
    }
    self.handle = handle
    self.path = path
    sqlite3_busy_timeout(handle, Self.patience)
  }

  deinit { sqlite3_close_v2(handle) }

  /// Runs statements that give no rows, or whose rows nobody wants.
  func execute(_ sql: String) throws(StoreError) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// Makes a statement that will be used many times.
  func prepare(_ sql: String) throws(StoreError) -> SQLiteStatement {
    var statement: OpaquePointer?
    try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
    return SQLiteStatement(statement.unsafelyUnwrapped, of: self)
  }

  /// The integer in the first column of the first row; 0 if there is none.
  func integer(_ sql: String) throws(StoreError) -> Int64 {
    let statement = try prepare(sql)
    return try statement.step() ? statement.integer(0) : 0
  }

  /// The text in the first column of the first row; empty if there is none.
  func text(_ sql: String) throws(StoreError) -> String {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(0) ?? "" : ""
  }

  /// Takes back what the open transaction did, if there is one: some failures end it by themselves.
  func rollBack() {
    // If even this fails the next transaction fails to begin, and says why.
    if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
  }

  /// Throws what a result code means.
  func check(_ code: Int32) throws(StoreError) {
    if code != SQLITE_OK { throw error(code) }
  }

  /// The error behind a result code that the last call gave.
  func error(_ code: Int32) -> StoreError {
    let kind: StoreError.Kind =
      switch code & 0xFF {
      case SQLITE_FULL: .full
      // How a limit on the size of files shows.
      case SQLITE_IOERR where code == Self.writeFailure: .full
      case SQLITE_IOERR: .inputOutput
      case SQLITE_BUSY, SQLITE_LOCKED: .locked
      case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
      case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM: .cannotOpen
      default: .other
      }
    let system = sqlite3_system_errno(handle)
    let cause = system == 0 ? "" : ", " + String(cString: strerror(system))
    return StoreError(
      kind, "\(path): \(kind.words) (\(String(cString: sqlite3_errmsg(handle))), SQLite code \(code)\(cause))"
    )
  }
}
