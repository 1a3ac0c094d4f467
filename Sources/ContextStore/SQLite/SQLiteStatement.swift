import CSQLite
import ContextModel

/// A prepared statement. Owns the C statement and keeps its connection alive. Used by the connection's thread.
final class SQLiteStatement {
  /// Owned; finalized when this object goes.
  private let handle: OpaquePointer
  private let connection: SQLiteConnection
  /// The first bind that failed since the last run; reported by the next step.
  private var bindFailure = SQLITE_OK

  /// Takes the C statement over.
  init(_ handle: OpaquePointer, of connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  // MARK: Parameters, counted from 1. What is bound stays bound until it is bound anew.

  func bind(_ index: Int32, _ value: Int64) {
    note(sqlite3_bind_int64(handle, index, value))
  }

  func bind(_ index: Int32, _ value: Int64?) {
    if let value { bind(index, value) } else { bindNull(index) }
  }

  /// SQLite takes a copy.
  func bind(_ index: Int32, _ text: String) {
    var text = text
    note(text.withUTF8 { csqlite_bind_text_copied(handle, index, $0.baseAddress, Int32(clamping: $0.count)) })
  }

  /// SQLite takes a copy.
  func bind(_ index: Int32, _ text: String?) {
    if let text { bind(index, text) } else { bindNull(index) }
  }

  /// SQLite takes a copy.
  func bind(_ index: Int32, text: [UInt8]) {
    note(
      text.withUnsafeBufferPointer {
        csqlite_bind_text_copied(handle, index, $0.baseAddress, Int32(clamping: $0.count))
      })
  }

  /// Without a copy.
  func bind(_ index: Int32, constant text: StaticString) {
    note(csqlite_bind_text_static(handle, index, text.utf8Start, Int32(text.utf8CodeUnitCount)))
  }

  /// An id as an integer, a name as text: they stay apart.
  func bind(_ index: Int32, _ value: AttributeValue?) {
    switch value {
    case .id(let id): bind(index, id)
    case .name(let name): bind(index, name)
    case nil: bindNull(index)
    }
  }

  /// Without a copy: the bytes must stay where they are until the statement has been run, and what is bound counts for
  /// that run alone.
  func bind(_ index: Int32, borrowing text: UnsafeRawBufferPointer?) {
    guard let text else { return bindNull(index) }
    note(csqlite_bind_text_static(handle, index, text.baseAddress, Int32(clamping: text.count)))
  }

  func bindNull(_ index: Int32) {
    note(sqlite3_bind_null(handle, index))
  }

  private func note(_ code: Int32) {
    if code != SQLITE_OK, bindFailure == SQLITE_OK { bindFailure = code }
  }

  // MARK: Running

  /// Goes to the next row; `false` if there is none, and then the statement can be run again. It can also after a
  /// failure.
  func step() throws(StoreError) -> Bool {
    let code = stepCode()
    if code == SQLITE_ROW { return true }
    if code == SQLITE_DONE {
      sqlite3_reset(handle)
      return false
    }
    // The message is the connection's until the reset.
    let error = connection.error(code)
    sqlite3_reset(handle)
    throw error
  }

  private func stepCode() -> Int32 {
    guard bindFailure == SQLITE_OK else {
      defer { bindFailure = SQLITE_OK }
      return bindFailure
    }
    return sqlite3_step(handle)
  }

  /// Runs to the end.
  func run() throws(StoreError) {
    while try step() {}
  }

  /// Runs to the end with `text` as a parameter, without copying it.
  func run(borrowing text: [UInt8], as index: Int32) throws(StoreError) {
    let failure: StoreError? = text.withUnsafeBytes { text in
      bind(index, borrowing: text)
      defer { sqlite3_bind_null(handle, index) }
      do throws(StoreError) {
        try run()
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// Gives up the rows that are left. Needed only if not all were stepped through.
  func reset() {
    sqlite3_reset(handle)
  }

  // MARK: Columns of the current row, counted from 0

  var columns: Int32 { sqlite3_column_count(handle) }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func text(_ column: Int32) -> String? {
    isNull(column) ? nil : String(decoding: bytes(column), as: UTF8.self)
  }

  func attributeValue(_ column: Int32) -> AttributeValue? {
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: .id(integer(column))
    case SQLITE_TEXT: .name(String(decoding: bytes(column), as: UTF8.self))
    default: nil
    }
  }

  /// Text without a copy; belongs to SQLite and is valid until the next step or reset.
  func bytes(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
    let start = sqlite3_column_text(handle, column)
    return UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
  }
}
