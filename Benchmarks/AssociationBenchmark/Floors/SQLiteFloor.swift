import CSQLite
import Foundation

/// What SQLite allows: associations as bare prepared UPDATEs, so many rows in a transaction, on a table of
/// the server's size with an index on the customer; WAL and synchronous=FULL. Nothing but the row is written:
/// no change sequence, no schema checks, no answer. Owns its database; used by one thread.
final class SQLiteFloor {
  private let database: OpaquePointer
  private let begin: OpaquePointer
  private let update: OpaquePointer
  private let commit: OpaquePointer
  private let rows: Int
  private var random = RandomNumbers(seed: 2)
  private let customers = (0..<ExpectedServices.customers).map {
    ExpectedServices.customerIdentifier(UInt32($0))
  }
  private let document =
    #"{"timestamp":"2009-05-12T12:05:12.145Z","interaction_id":"123ABCAADFJ1259ACF","media_type":1,"#
    + #""resource_id":5005,"resource_type":2,"disposition":10,"contact_key":"+155500000001","#
    + #""est_duration":600}"#

  /// Makes the table with `rows` services.
  init(folder: String, rows: Int) throws {
    self.rows = rows
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    guard sqlite3_open_v2("\(folder)/floor.sqlite", &opened, flags, nil) == SQLITE_OK, let opened else {
      throw BenchmarkError.cannotStart("SQLite cannot open a file in \(folder)")
    }
    database = opened
    let tables = """
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -16384;
      PRAGMA wal_autocheckpoint = 10000;
      CREATE TABLE service (
        id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, customer TEXT, started INTEGER NOT NULL,
        revision INTEGER NOT NULL, document TEXT NOT NULL);
      CREATE INDEX service_customer ON service (tenant, customer, started, id);
      """
    guard sqlite3_exec(opened, tables, nil, nil, nil) == SQLITE_OK else { throw Self.failure(opened) }
    begin = try Self.prepare(opened, "BEGIN IMMEDIATE")
    commit = try Self.prepare(opened, "COMMIT")
    update = try Self.prepare(
      opened, "UPDATE service SET customer = ?1, document = ?2, revision = revision + 1 WHERE id = ?3")
    try fill()
  }

  deinit {
    for statement in [begin, update, commit] { sqlite3_finalize(statement) }
    sqlite3_close(database)
  }

  /// Updates random rows for `seconds`, `batch` in a transaction. The latency is a transaction's.
  func measure(batch: Int, seconds: Double) throws -> Measurement {
    var latencies = Histogram()
    var updates = 0
    let start = MonotonicClock.now
    let cpu = MonotonicClock.threadCPU
    let end = start + MonotonicClock.nanoseconds(seconds)
    var now = start
    while now < end {
      try step(begin)
      for _ in 0..<batch {
        try associate(random.next(below: rows) + 1, with: random.next(below: ExpectedServices.customers))
      }
      try step(commit)
      updates += batch
      let after = MonotonicClock.now
      latencies.record(nanoseconds: after - now)
      now = after
    }
    return Measurement(
      perSecond: Double(updates) / (Double(now - start) / 1e9), latencies: latencies,
      cpu: Double(MonotonicClock.threadCPU - cpu) / 1000 / Double(updates))
  }

  private func fill() throws {
    let insert = try Self.prepare(
      database, "INSERT INTO service (id, tenant, started, revision, document) VALUES (?1, 1, ?2, 1, ?3)")
    defer { sqlite3_finalize(insert) }
    try step(begin)
    for row in 1...rows {
      sqlite3_bind_int64(insert, 1, Int64(row))
      sqlite3_bind_int64(insert, 2, 1_242_129_912_145 + Int64(row))
      try bind(document, to: insert, 3)
      try step(insert)
    }
    try step(commit)
  }

  private func associate(_ row: Int, with customer: Int) throws {
    try bind(customers[customer], to: update, 1)
    try bind(document, to: update, 2)
    sqlite3_bind_int64(update, 3, Int64(row))
    try step(update)
  }

  /// The text is copied by SQLite.
  private func bind(_ text: String, to statement: OpaquePointer, _ place: Int32) throws {
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    var text = text
    let code = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        sqlite3_bind_text(statement, place, $0.baseAddress, Int32($0.count), copied)
      }
    }
    guard code == SQLITE_OK else { throw Self.failure(database) }
  }

  private func step(_ statement: OpaquePointer) throws {
    guard sqlite3_step(statement) == SQLITE_DONE else { throw Self.failure(database) }
    sqlite3_reset(statement)
  }

  private static func prepare(_ database: OpaquePointer, _ text: String) throws -> OpaquePointer {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(database, text, -1, &statement, nil) == SQLITE_OK, let statement else {
      throw failure(database)
    }
    return statement
  }

  private static func failure(_ database: OpaquePointer) -> BenchmarkError {
    .cannotStart("SQLite: " + String(cString: sqlite3_errmsg(database)))
  }
}
