import ContextModel
import Synchronization

/// The engine for any number of servers on one PostgreSQL database: a batch is one transaction.
///
/// What a batch looks at is locked, in one order, and decided on as it is at that moment; so it does not matter which
/// server takes a change. Two that make the same new thing collide in its primary key: the later batch is decided again.
/// Numbers of the change sequence are given in the transaction's last step, under the lock of one row: they follow the
/// order of the commits, and who reads up to some number has seen all below it.
final class PostgresEngine: StoreEngine, @unchecked Sendable {
  let identity: Int64
  let node: String?
  private let options: PostgresOptions
  private let newest: Atomic<Int64>
  /// Who hears of what happens in the database.
  private let listener = Mutex<(@Sendable (StoreNews) -> Bool)?>(nil)
  private let watcher: PostgresWatcher
  private let leases: PostgresLeases
  /// Commit thread only, like all that follows. Batches take them by turns: one is read while the other commits.
  private let lanes: [PostgresLane]
  private let documents = DocumentReader()
  /// On which the batch is decided.
  private var lane: PostgresLane
  /// On which a batch is on its way; `nil` for none.
  private var flying: PostgresLane?
  /// What the number of its newest change will be, if no other server is faster.
  private var flyingSequence: Int64 = 0
  /// Why not all of that batch could be sent.
  private var sendingFailure: StoreError?
  /// Ids that this node may give out.
  private var ids: Range<Int64> = 0..<0
  /// The name of the counter that each batch of this server moves: only so it can be told whether one was committed. The
  /// transaction's number does not tell: after a crash the server gives it to another one. It shows others that it commits.
  private let signature: String
  /// What it was moved to last.
  private var batchNumber: Int64 = 0
  /// The last of these batches of which is known that it was committed.
  private var committedNumber: Int64 = 0

  private static let status = PostgresStatement(
    "transaction-status", "SELECT pg_xact_status($1::text::xid8)")
  private static let signed = PostgresStatement(
    "last-batch", "SELECT last FROM counter WHERE name = $1")
  private static let unsigns = PostgresStatement("remove-signature", "DELETE FROM counter WHERE name = $1")
  private static let nextBlock = PostgresStatement("next-block", "SELECT nextval('service_id')")
  private static let counters = PostgresStatement(
    "counters",
    """
    SELECT (SELECT last FROM counter WHERE name = 'sequence'), (SELECT last FROM counter WHERE name = 'shared'),
      (SELECT last FROM counter WHERE name = $1)
    """)
  private static let store = PostgresStatement("store", "SELECT last FROM counter WHERE name = 'store'")
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
    leases = PostgresLeases(postgres)
    node = options.node
    signature = PostgresWatcher.signature + options.node
    var lanes: [PostgresLane] = []
    for _ in 0..<2 {
      lanes.append(PostgresLane(PostgresSession(postgres, durability: options.durability), documents))
    }
    self.lanes = lanes
    lane = lanes[0]
    let session = lane.session
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
    identity = try session.open().run(Self.store).integer(0, 0)
    let counters = try session.open().run(Self.counters, .text(signature))
    newest = Atomic(counters.integer(0, 0))
    watcher = PostgresWatcher(
      postgres, changesKept: options.changesKept,
      seen: (sequence: counters.integer(0, 0), shared: counters.integer(0, 1)))
    for lane in lanes {
      lane.session.inspection = { [unowned self] connection throws(StoreError) in
        try lookForLoss(connection)
      }
    }
  }

  /// A database that crashed before its disk had everything, was restored, or is a standby that took over may lack what was
  /// acknowledged. That is seen before anything else is committed.
  private func lookForLoss(_ connection: PostgresConnection) throws(StoreError) {
    // Known before the database is asked, so that it must have it.
    let known = newestChange
    let counters = try connection.run(Self.counters, .text(signature))
    let sequence = counters.integer(0, 0)
    // The counter of a server that commits nothing for long is removed.
    let number = counters.isNull(0, 2) ? committedNumber : counters.integer(0, 2)
    guard sequence < known || number < committedNumber else { return }
    newest.store(sequence, ordering: .releasing)
    committedNumber = number
    // Another server may get them.
    ids = 0..<0
    _ = listener.withLock { $0 }?(.lost(sequence))
  }

  // MARK: One batch

  func begin() throws(StoreError) -> StoreCounters {
    // What is on its way must not be taken back.
    if lane === flying { lane = lanes[0] === flying ? lanes[1] : lanes[0] }
    try lane.begin()
    return StoreCounters(
      nextServiceID: ids.lowerBound,
      lastSequence: flying == nil ? newestChange : max(newestChange, flyingSequence),
      endOfServiceIDs: ids.upperBound)
  }

  private var connection: PostgresConnection {
    get throws(StoreError) { try lane.connection }
  }

  func load(
    _ services: [Int64], _ keys: [RecordKey], service take: (ServiceID, inout Service?) -> Void,
    record takeRecord: (RecordKey, Record?) -> Void
  ) throws(StoreError) {
    try lane.load(services, keys, take, takeRecord)
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
    return PostgresServices.records(rows)
  }

  func moreServiceIDs() throws(StoreError) -> Range<Int64> {
    let first = try connection.run(Self.nextBlock).integer(0, 0)
    return first..<first + PostgresSchema.idsInBlock
  }

  var overlapsBatches: Bool { true }
  var wantsColumns: Bool { true }

  func prepare(_ batch: Batch) throws(StoreError) { if flying != nil { try lane.prepare(batch) } }

  func commit(_ batch: Batch) throws(StoreError) {
    precondition(flying == nil, "a batch is committed when the one before is finished")
    batchNumber += 1
    // What may be committed must not be given out again, even if it is not.
    ids = batch.counters.ownServiceIDs
    flying = lane
    flyingSequence = batch.counters.lastSequence
    do throws(StoreError) {
      try lane.commit(batch, signature, batchNumber)
    } catch {
      // The commit itself may be among what was sent.
      sendingFailure = error
    }
  }

  func finish() throws(StoreError) {
    guard let lane = flying else { return }
    flying = nil
    do throws(StoreError) {
      if let failure = sendingFailure.take() { throw failure }
      grow(to: try lane.finish())
    } catch {
      guard lane.hasBroken() else {
        lane.abandon()
        throw error
      }
      try resolve(lane.transaction, error)
    }
    committedNumber = batchNumber
  }

  /// The connection broke while a batch was on its way: asks the server what has become of it.
  ///
  /// - Throws: unless it is committed; an uncertain error if nobody can tell in time.
  private func resolve(_ transaction: String?, _ error: StoreError) throws(StoreError) {
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
      if let rows = try? connection.run(Self.counter) { grow(to: rows.integer(0, 0)) }
      return
    }
    var error = error
    error.isUncertain = true
    throw error
  }

  func abandon() { if lane !== flying { lane.abandon() } }

  // MARK: Everything else

  var newestChange: Int64 { newest.load(ordering: .acquiring) }

  private func grow(to last: Int64) { newest.max(last, ordering: .acquiringAndReleasing) }

  // Nothing waits to be brought anywhere.
  var backlog: Int { 0 }

  var probeInterval: Int? { 1000 }

  func probe() throws(StoreError) {
    abandon()
    try lane.session.open().run(Self.probes)
  }

  func makeReader() throws(StoreError) -> any StoreReader { PostgresReader(options) }

  func removeTraces(of erasure: Erasure) throws(StoreError) -> Erasure.Traces {
    try PostgresEraser(options).erase(erasure)
  }

  func watch(_ body: @escaping @Sendable (StoreNews) -> Bool) {
    listener.withLock { $0 = body }
    watcher.start { [weak self] news in
      if case .changes(let last) = news { self?.grow(to: last) }
      return body(news)
    }
  }

  func lease(_ name: String) -> StoreLease { leases.ask(name) }

  func close() {
    leases.close()
    watcher.stop()
    let session = lane.session
    if session.isOpen { _ = try? session.open().run(Self.unsigns, .text(signature)) }
    for lane in lanes { lane.session.close() }
  }
}
