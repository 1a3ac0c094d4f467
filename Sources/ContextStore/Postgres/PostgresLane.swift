import ContextModel

/// A connection on which batches are read, written and committed, one after the other. Commit thread only.
final class PostgresLane {
  let session: PostgresSession
  private let documents: DocumentReader
  private let writer: PostgresWriter
  /// On which the batch's transaction is open: what another connection gave would be no part of it. `nil` outside of one.
  private var open: PostgresConnection?
  /// The transaction as the server knows it; `nil` until it has said so.
  private(set) var transaction: String?
  private var progress = PostgresWriter.Progress()
  /// Whether the connection has worked before.
  private var hasCommitted = false

  private static let begins = PostgresStatement("begin", "BEGIN ISOLATION LEVEL READ COMMITTED")
  private static let identifies = PostgresStatement("transaction", "SELECT pg_current_xact_id()::text")
  private static let rollsBack = PostgresStatement("roll-back", "ROLLBACK")

  init(_ session: PostgresSession, _ documents: DocumentReader) {
    self.session = session
    self.documents = documents
    writer = PostgresWriter(documents)
  }

  func begin() throws(StoreError) {
    abandon()
    progress = PostgresWriter.Progress()
    open = try session.open()
  }

  /// On which the batch is under way.
  var connection: PostgresConnection {
    get throws(StoreError) {
      guard let open else { throw StoreError(.closed, "no batch is under way") }
      return open
    }
  }

  /// See `StoreEngine.load`. Begins the transaction.
  func load(
    _ services: [Int64], _ keys: [RecordKey], _ take: (ServiceID, inout Service?) -> Void,
    _ takeRecord: (RecordKey, Record?) -> Void
  ) throws(StoreError) {
    let isUsed = hasCommitted
    do throws(StoreError) {
      try load(services, keys, on: connection, take, takeRecord)
    } catch {
      // The server may have closed an idle connection, or have been started again since; that is told by its first use.
      hasCommitted = false
      guard isUsed, error.kind == .unreachable, !session.isOpen else { throw error }
      open = try session.open()
      try load(services, keys, on: connection, take, takeRecord)
    }
  }

  private func load(
    _ services: [Int64], _ keys: [RecordKey], on connection: PostgresConnection,
    _ take: (ServiceID, inout Service?) -> Void, _ takeRecord: (RecordKey, Record?) -> Void
  ) throws(StoreError) {
    transaction = nil
    try connection.send(Self.begins)
    try connection.send(Self.identifies)
    if !services.isEmpty {
      try connection.send(PostgresServices.lock, PostgresServices.parameter(Set(services).sorted()))
    }
    let groups = Dictionary(grouping: Set(keys), by: \.kind).sorted { $0.key.rawValue < $1.key.rawValue }
    var tables: [PostgresTable] = []
    for (kind, keys) in groups {
      guard let table = PostgresTables[kind] else { continue }
      try connection.send(table.lock, table.parameters(keys))
      tables.append(table)
    }
    try connection.synchronize()
    _ = try connection.take()
    transaction = try connection.take().text(0, 0)
    // All of it before any of it is handed over: what a broken connection gave is of no use.
    let rows = services.isEmpty ? nil : try connection.take()
    var others: [PostgresResult] = []
    for _ in tables { others.append(try connection.take()) }
    try connection.takeEnd()
    var found: Service?
    if let rows {
      for row in 0..<rows.count {
        guard let id = ServiceID(rows.integer(row, 0)) else { continue }
        try PostgresServices.read(rows, row, documents, into: &found)
        take(id, &found)
      }
    }
    for id in services {
      guard let id = ServiceID(id) else { continue }
      found = nil
      take(id, &found)
    }
    for (table, rows) in zip(tables, others) {
      for row in 0..<rows.count {
        let record = table.read(rows, row)
        takeRecord(record.key, record)
      }
    }
    for key in keys { takeRecord(key, nil) }
  }

  /// Sends what the batch may write while a former one is on its way.
  func prepare(_ batch: Batch) throws(StoreError) {
    progress = try writer.sendServices(of: batch, on: connection)
  }

  /// Sends the rest of the batch; see `PostgresWriter`.
  func commit(_ batch: Batch, _ signature: String, _ number: Int64) throws(StoreError) {
    progress = try writer.sendCommit(of: batch, signature, number, after: progress, on: connection)
  }

  /// Waits for the commit.
  ///
  /// - Returns: the number of the newest change; 0 if there is no change in the batch.
  func finish() throws(StoreError) -> Int64 {
    let last = try writer.finish(progress, on: connection)
    open = nil
    hasCommitted = true
    return last
  }

  /// Whether the connection broke while the batch was on its way; it is not under way any more then.
  func hasBroken() -> Bool {
    guard open?.failure != nil else { return false }
    open = nil
    return true
  }

  /// Takes back what the batch has done.
  func abandon() {
    guard let connection = open else { return }
    open = nil
    guard connection.failure == nil else { return }
    do throws(StoreError) {
      try connection.discard()
      try connection.run(Self.rollsBack)
    } catch {
      session.close()
    }
  }
}
