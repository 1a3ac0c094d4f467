import ContextModel
import Synchronization

/// The engine for any number of servers on one PostgreSQL database: a batch is one transaction.
///
/// What a batch looks at is locked, in one order, and decided on as it is at that moment; so it does not matter which
/// server takes a change. Two that make the same new thing collide in its primary key: the later batch is decided again.
/// Numbers of the change sequence are given in the transaction's last step, under the lock of one row: they follow the
/// order of the commits, and who reads up to some number has seen all below it.
final class PostgresEngine: StoreEngine, @unchecked Sendable {
  private let options: PostgresOptions
  private let newest: Atomic<Int64>
  private let watcher: PostgresWatcher
  /// Commit thread only, like all that follows.
  private let session: PostgresSession
  private let documents = DocumentReader()
  private let writer: PostgresWriter
  /// Ids that this node may give out.
  private var ids: Range<Int64> = 0..<0
  /// On which the batch's transaction is open: what another connection gave would be no part of it. `nil` outside of one.
  private var open: PostgresConnection?
  /// The transaction as the server knows it; `nil` until it has said so.
  private var transaction: String?
  /// The name of the counter that each batch of this server moves: only so it can be told whether one was committed. The
  /// transaction's number does not tell: after a crash the server gives it to another one.
  private let signature = "batch of \(UInt64.random(in: 0...UInt64.max))"
  /// What it was moved to last.
  private var batchNumber: Int64 = 0
  /// Whether the connection has worked before.
  private var hasCommitted = false

  private static let begins = PostgresStatement("begin", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
  private static let identifies = PostgresStatement("transaction", "SELECT pg_current_xact_id()::text")
  private static let rollsBack = PostgresStatement("roll-back", "ROLLBACK")
  private static let status = PostgresStatement(
    "transaction-status", "SELECT pg_xact_status($1::text::xid8)")
  private static let signed = PostgresStatement(
    "last-batch", "SELECT last FROM counter WHERE name = $1")
  private static let unsigns = PostgresStatement("remove-signature", "DELETE FROM counter WHERE name = $1")
  private static let nextBlock = PostgresStatement("next-block", "SELECT nextval('service_id')")
  private static let counter = PostgresStatement(
    "newest", "SELECT last FROM counter WHERE name = 'sequence'")
  private static let unfinished = PostgresStatement(
    "unfinished-copy", "SELECT FROM setting WHERE name = $1")
  private static let probes = PostgresStatement(
    "probe", "UPDATE counter SET last = last + 1 WHERE name = 'probe'")
  private static let namesTenant = PostgresStatement(
    "name-tenant",
    "INSERT INTO tenant VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name")
  private static let makesKeys = PostgresStatement(
    "make-identification-keys",
    "INSERT INTO identification_key VALUES ($1, 0, '[]') ON CONFLICT DO NOTHING")

  /// Connects, and brings the tables to this server's version.
  init(_ postgres: PostgresOptions, options: StoreOptions) throws(StoreError) {
    self.options = postgres
    session = PostgresSession(postgres, durability: options.durability)
    writer = PostgresWriter(documents)
    try PostgresSchema.migrate(postgres)
    let copies = try session.open().run(Self.unfinished, .text(CopyTarget.setting))
    guard copies.count == 0 else {
      throw StoreError(
        .cannotOpen,
        "the database holds a copy of a store that is not whole yet: run liaison store copy again")
    }
    for (id, name) in options.tenantNames {
      try session.open().run(Self.namesTenant, .integer(id), .text(name))
    }
    newest = Atomic(try session.open().run(Self.counter).integer(0, 0))
    watcher = PostgresWatcher(postgres, changesKept: options.changesKept)
  }

  // MARK: One batch

  func begin() throws(StoreError) -> StoreCounters {
    abandon()
    open = try session.open()
    return StoreCounters(
      nextServiceID: ids.lowerBound, lastSequence: newestChange, endOfServiceIDs: ids.upperBound)
  }

  /// On which the batch is under way.
  private var connection: PostgresConnection {
    get throws(StoreError) {
      guard let open else { throw StoreError(.closed, "no batch is under way") }
      return open
    }
  }

  func load(
    _ services: [Int64], _ keys: [RecordKey], service take: (ServiceID, Service?) -> Void,
    record takeRecord: (RecordKey, Record?) -> Void
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
    _ take: (ServiceID, Service?) -> Void, _ takeRecord: (RecordKey, Record?) -> Void
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
    if let rows {
      for row in 0..<rows.count {
        let service = try PostgresServices.service(rows, row, documents)
        take(service.id, service)
      }
    }
    for id in services { if let id = ServiceID(id) { take(id, nil) } }
    for (table, rows) in zip(tables, others) {
      for row in 0..<rows.count {
        let record = table.read(rows, row)
        takeRecord(record.key, record)
      }
    }
    for key in keys { takeRecord(key, nil) }
  }

  func service(_ id: Int64) throws(StoreError) -> Service? {
    let rows = try connection.run(PostgresServices.lock, PostgresServices.parameter([id]))
    return rows.count > 0 ? try PostgresServices.service(rows, 0, documents) : nil
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    guard let table = PostgresTables[key.kind] else { return nil }
    let connection = try connection
    // What is not there cannot be locked: a tenant's keys are there before somebody looks at them.
    if key.kind == .identificationKeys {
      try connection.run(Self.makesKeys, .integer(key.tenant.rawValue))
    }
    try connection.send(table.lock, table.parameters([key]))
    try connection.synchronize()
    let rows = try connection.take()
    try connection.takeEnd()
    guard rows.count > 0 else { return nil }
    let record = table.read(rows, 0)
    return record.key.tenant == key.tenant ? record : nil
  }

  // Whoever changes something in a service locks the service first.
  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] {
    guard let table = PostgresTables[kind] else { return [] }
    let rows = try connection.run(
      table.ofService, .integer(service.rawValue), .integer(tenant.rawValue))
    return (0..<rows.count).map { table.read(rows, $0) }
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] {
    let connection = try connection
    try PostgresServices.send(query, locking: true, on: connection)
    try connection.synchronize()
    let rows = try connection.take()
    try connection.takeEnd()
    return PostgresServices.records(rows, query)
  }

  func moreServiceIDs() throws(StoreError) -> Range<Int64> {
    let first = try connection.run(Self.nextBlock).integer(0, 0)
    return first..<first + PostgresSchema.idsInBlock
  }

  func commit(_ batch: Batch) throws(StoreError) {
    let connection = try connection
    batchNumber += 1
    do throws(StoreError) {
      let last = try writer.commit(batch, signature, batchNumber, on: connection)
      open = nil
      hasCommitted = true
      grow(to: last)
    } catch {
      guard connection.failure != nil else {
        abandon()
        throw error
      }
      open = nil
      // What may be committed must not be given out again, even if it is not.
      ids = batch.counters.ownServiceIDs
      try resolve(error)
    }
    ids = batch.counters.ownServiceIDs
  }

  /// The connection broke while a batch was on its way: asks the server what has become of it.
  ///
  /// - Throws: unless it is committed.
  private func resolve(_ error: StoreError) throws(StoreError) {
    guard let transaction else { throw error }
    let deadline = monotonicNanoseconds() + UInt64(options.statementTimeout) * 1_000_000
    while monotonicNanoseconds() < deadline {
      // A server that has crashed may not know the number any more: that is an error of its own, and an end too.
      guard let connection = try? session.open(),
        (try? connection.run(Self.status, .text(transaction)))?.text(0, 0) != "in progress",
        let rows = try? connection.run(Self.signed, .text(signature))
      else {
        pause()
        continue
      }
      guard rows.count > 0, rows.integer(0, 0) == batchNumber else { throw error }
      if let rows = try? connection.run(Self.counter) { grow(to: rows.integer(0, 0)) }
      return
    }
    throw error
  }

  private func pause() { sleep(milliseconds: 50) }

  func abandon() {
    guard let connection = open else { return }
    open = nil
    guard connection.failure == nil else { return }
    do throws(StoreError) {
      try connection.run(Self.rollsBack)
    } catch {
      session.close()
    }
  }

  // MARK: Everything else

  var newestChange: Int64 { newest.load(ordering: .acquiring) }

  private func grow(to last: Int64) { newest.max(last, ordering: .acquiringAndReleasing) }

  // Nothing waits to be brought anywhere.
  var backlog: Int { 0 }

  var probeInterval: Int? { 1000 }

  func probe() throws(StoreError) {
    abandon()
    try session.open().run(Self.probes)
  }

  func makeReader() throws(StoreError) -> any StoreReader { PostgresReader(options) }

  func removeTraces(of erasure: Erasure) throws(StoreError) -> Int {
    try PostgresEraser(options).erase(erasure)
  }

  func watch(_ body: @escaping @Sendable (StoreNews) -> Void) {
    watcher.start { [weak self] news in
      if case .changes(let last) = news { self?.grow(to: last) }
      body(news)
    }
  }

  func close() {
    watcher.stop()
    if session.isOpen { _ = try? session.open().run(Self.unsigns, .text(signature)) }
    session.close()
  }
}
