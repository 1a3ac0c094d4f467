/// The engine for any number of servers on one PostgreSQL database: a batch is one transaction.
///
/// What a batch looks at is locked, in one order, and decided on as it is at that moment; so it does not matter which
/// server takes a change. Two that make the same new thing collide in its primary key: the later batch is decided again.
/// Numbers of the change sequence are given in the transaction's last step, under the lock of one row: they follow the
/// order of the commits, and who reads up to some number has seen all below it.
final class PostgresEngine: StoreEngine {
  let identity: Int64
  let node: String?
  private let options: PostgresOptions
  private let knowledge: PostgresKnowledge
  private let lanes: [PostgresLane]
  private let watcher: PostgresWatcher
  private let leases: PostgresLeases

  /// How many batches are on their way at a time: while one is written to the disk another one is read and decided.
  private static let laneCount = 2

  private static let counters = PostgresStatement(
    "first-counters",
    """
    SELECT (SELECT last FROM counter WHERE name = 'sequence'), (SELECT last FROM counter WHERE name = 'shared'),
      (SELECT last FROM counter WHERE name = 'store')
    """)
  private static let unfinished = PostgresStatement(
    "unfinished-copy", "SELECT FROM setting WHERE name = $1")
  private static let namesTenant = PostgresStatement(
    "name-tenant",
    "INSERT INTO tenant VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name")

  /// Connects, and brings the tables to this server's version.
  init(_ postgres: PostgresOptions, options: StoreOptions) throws(StoreError) {
    self.options = postgres
    node = options.node
    try PostgresSchema.migrate(postgres)
    let connection = try PostgresConnection(postgres)
    guard try connection.run(Self.unfinished, .text(CopyTarget.setting)).count == 0 else {
      throw StoreError(
        .cannotOpen,
        "the database holds a copy of a store that is not whole yet: run liaison store copy again")
    }
    for (id, name) in options.tenantNames {
      try connection.run(Self.namesTenant, .integer(id), .text(name))
    }
    let counters = try connection.run(Self.counters)
    identity = counters.integer(0, 2)
    let knowledge = PostgresKnowledge(newestChange: counters.integer(0, 0))
    self.knowledge = knowledge
    leases = PostgresLeases(postgres)
    watcher = PostgresWatcher(
      postgres, changesKept: options.changesKept,
      seen: (sequence: counters.integer(0, 0), shared: counters.integer(0, 1)))
    lanes = (0..<Self.laneCount).map { place in
      PostgresLane(
        postgres, durability: options.durability,
        signature: PostgresWatcher.signature(of: options.node, lane: place), knowledge)
    }
  }

  var writers: [any StoreWriter] { lanes }

  var newestChange: Int64 { knowledge.newestChange }

  // Nothing waits to be brought anywhere.
  var backlog: Int { 0 }

  var probeInterval: Int? { 1000 }

  func makeReader() throws(StoreError) -> any StoreReader { PostgresReader(options) }

  func removeTraces(of erasure: Erasure) throws(StoreError) -> Erasure.Traces {
    try PostgresEraser(options).erase(erasure)
  }

  func watch(_ body: @escaping @Sendable (StoreNews) -> Bool) {
    knowledge.listen(body)
    watcher.start { [knowledge] news in
      if case .changes(let last) = news { knowledge.grow(to: last) }
      return body(news)
    }
  }

  func lease(_ name: String) -> StoreLease { leases.ask(name) }

  func close() {
    leases.close()
    watcher.stop()
    for lane in lanes { lane.close() }
  }
}
