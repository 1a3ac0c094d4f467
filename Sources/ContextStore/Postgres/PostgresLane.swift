import ContextModel

/// A connection on which batches are read, decided and committed, one after the other. One thread at a time.
final class PostgresLane: StoreWriter, @unchecked Sendable {
  private let options: PostgresOptions
  private let session: PostgresSession
  private let knowledge: PostgresKnowledge
  private let documents = DocumentReader()
  private let writer: PostgresWriter
  /// The name of the counter that each batch of this lane moves: only so it can be told whether one was committed. The
  /// transaction's number does not tell: after a crash the server gives it to another one. It shows others that it commits.
  private let signature: String
  /// What it was moved to last.
  private var batchNumber: Int64 = 0
  /// The last of these batches of which is known that it was committed.
  private var committedNumber: Int64 = 0
  /// How often commits had been lost when this was last compared with what the database has.
  private var knownLosses = 0
  /// Of which the batch that is under way takes some.
  private var ids = PostgresKnowledge.IDs()
  /// On which the batch's transaction is open: what another connection gave would be no part of it. `nil` outside of one.
  private var open: PostgresConnection?
  /// Whether it was there before the batch.
  private var isUsed = false
  /// The transaction as the server knows it; `nil` until it has said so.
  private var transaction: String?

  private static let begins = PostgresStatement("begin", "BEGIN ISOLATION LEVEL READ COMMITTED")
  private static let identifies = PostgresStatement("transaction", "SELECT pg_current_xact_id()::text")
  private static let rollsBack = PostgresStatement("roll-back", "ROLLBACK")
  private static let status = PostgresStatement(
    "transaction-status", "SELECT pg_xact_status($1::text::xid8)")
  private static let signed = PostgresStatement(
    "last-batch", "SELECT last FROM counter WHERE name = $1")
  private static let unsigns = PostgresStatement("remove-signature", "DELETE FROM counter WHERE name = $1")
  private static let nextBlock = PostgresStatement("next-block", "SELECT nextval('service_id')")
  private static let counters = PostgresStatement(
    "counters",
    """
    SELECT (SELECT last FROM counter WHERE name = 'sequence'), (SELECT last FROM counter WHERE name = $1)
    """)
  private static let newest = PostgresStatement(
    "newest", "SELECT last FROM counter WHERE name = 'sequence'")
  private static let probes = PostgresStatement(
    "probe", "UPDATE counter SET last = last + 1 WHERE name = 'probe'")
  private static let makesKeys = PostgresStatement(
    "make-identification-keys",
    "INSERT INTO identification_key VALUES ($1, 0, '[]') ON CONFLICT DO NOTHING")

  init(
    _ options: PostgresOptions, durability: StoreOptions.Durability, signature: String,
    _ knowledge: PostgresKnowledge
  ) {
    self.options = options
    session = PostgresSession(options, durability: durability)
    self.signature = signature
    self.knowledge = knowledge
    writer = PostgresWriter(documents)
    session.inspection = { [unowned self] connection throws(StoreError) in try lookForLoss(connection) }
  }

  /// A database that crashed before its disk had everything, was restored, or is a standby that took over may lack what was
  /// acknowledged. That is seen before anything else is committed.
  private func lookForLoss(_ connection: PostgresConnection) throws(StoreError) {
    // Known before the database is asked, so that it must have it.
    let known = knowledge.newestChange
    let losses = knowledge.ids.losses
    let counters = try connection.run(Self.counters, .text(signature))
    let sequence = counters.integer(0, 0)
    // The counter of a server that commits nothing for long is removed.
    let number = counters.isNull(0, 1) ? committedNumber : counters.integer(0, 1)
    let lacks = number < committedNumber
    committedNumber = number
    defer { knownLosses = knowledge.ids.losses }
    // What this lane lacks may be part of what another one has missed, and told.
    guard sequence < known || lacks && losses == knownLosses else { return }
    knowledge.lost(after: sequence)
  }

  // MARK: One batch

  func begin() throws(StoreError) -> StoreCounters {
    abandon()
    isUsed = session.isOpen
    open = try session.open()
    ids = knowledge.ids
    return StoreCounters(
      nextServiceID: ids.range.lowerBound, lastSequence: knowledge.newestChange,
      endOfServiceIDs: ids.range.upperBound)
  }

  /// On which the batch is under way.
  private var connection: PostgresConnection {
    get throws(StoreError) {
      guard let open else { throw StoreError(.closed, "no batch is under way") }
      return open
    }
  }

  // Begins the transaction.
  func load(
    _ services: [Int64], _ keys: [RecordKey], service take: (ServiceID, inout Service?) -> Void,
    record takeRecord: (RecordKey, Record?) -> Void
  ) throws(StoreError) {
    do throws(StoreError) {
      try load(services, keys, on: connection, take, takeRecord)
    } catch {
      // The server may have closed an idle connection, or have been started again since; that is told by its first use.
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
    try connection.pass(1)
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

  func service(_ id: Int64) throws(StoreError) -> Service? {
    let rows = try connection.run(PostgresServices.lock, PostgresServices.parameter([id]))
    guard rows.count > 0 else { return nil }
    var found: Service?
    try PostgresServices.read(rows, 0, documents, into: &found)
    return found
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    guard let table = PostgresTables[key.kind] else { return nil }
    let connection = try connection
    // What is not there cannot be locked: a tenant's keys are there before somebody looks at them.
    if key.kind == .identificationKeys {
      try connection.run(Self.makesKeys, .integer(key.tenant.rawValue))
    }
    return table.record(try connection.run(table.lock, table.parameters([key])), of: key.tenant)
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
    return PostgresServices.records(rows)
  }

  func moreServiceIDs() throws(StoreError) -> Range<Int64> {
    let first = try connection.run(Self.nextBlock).integer(0, 0)
    return first..<first + PostgresSchema.idsInBlock
  }

  var wantsColumns: Bool { true }

  // What may be committed must not be given out again, even if it is not.
  func decided(_ batch: Batch) {
    ids.range = batch.counters.ownServiceIDs
    knowledge.keep(ids)
  }

  func commit(_ batch: Batch) throws(StoreError) {
    batchNumber += 1
    do throws(StoreError) {
      knowledge.grow(to: try writer.commit(batch, signature, batchNumber, on: connection))
      open = nil
    } catch {
      guard open?.failure != nil else {
        abandon()
        throw error
      }
      open = nil
      try resolve(error)
    }
    committedNumber = batchNumber
  }

  /// The connection broke while a batch was on its way: asks the server what has become of it.
  ///
  /// - Throws: unless it is committed; an uncertain error if nobody can tell in time.
  private func resolve(_ error: StoreError) throws(StoreError) {
    guard let transaction else { throw error }
    let session = PostgresSession(options)
    let deadline = monotonicNanoseconds() + UInt64(options.statementTimeout) * 1_000_000
    while monotonicNanoseconds() < deadline {
      // A server that has crashed may not know the number any more: that is an error of its own, and an end too.
      guard let connection = try? session.open(),
        (try? connection.run(Self.status, .text(transaction)))?.text(0, 0) != "in progress",
        let rows = try? connection.run(Self.signed, .text(signature))
      else {
        sleep(milliseconds: 50)
        continue
      }
      guard rows.count > 0, rows.integer(0, 0) == batchNumber else { throw error }
      if let rows = try? connection.run(Self.newest) { knowledge.grow(to: rows.integer(0, 0)) }
      return
    }
    var error = error
    error.isUncertain = true
    throw error
  }

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

  func probe() throws(StoreError) {
    abandon()
    try session.open().run(Self.probes)
  }

  /// Lets go of the connection, and of what it has left in the database.
  func close() {
    if session.isOpen { _ = try? session.open().run(Self.unsigns, .text(signature)) }
    session.close()
  }
}
