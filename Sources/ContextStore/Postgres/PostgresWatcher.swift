import Synchronization

/// Watches what other nodes do: on a connection of its own that listens, and by looking once a second, for notifications
/// get lost with their connection. Removes the oldest changes, too, and what servers have left that were killed.
final class PostgresWatcher: @unchecked Sendable {
  /// The channel of a store, as an expression: stores that share a database lie in different schemas.
  static let channel = "'liaison ' || current_schema()"

  private let session: PostgresSession
  private let changesKept: Int64
  private let isStopped = Atomic<Bool>(false)
  private var thread: StoreThread?
  /// Watcher thread only, like all that follows.
  private var lastSeen: (sequence: Int64, shared: Int64)
  /// How far each server's counter is, and since when it stands there.
  private var servers: [String: (last: Int64, since: UInt64)] = [:]
  private let longestSilence: Int
  private var isListening = false
  private var nextRemoval: UInt64 = 0

  /// How the names of the counters begin that servers move with each batch.
  private static let signature = "batch of "

  /// The name of the counter that one of a server's lanes moves.
  static func signature(of node: String, lane: Int) -> String { "\(signature)\(node)/\(lane)" }

  private static let interval = 1000
  private static let channelName = PostgresStatement("channel", "SELECT quote_ident(\(channel))")
  private static let look = PostgresStatement(
    "look",
    """
    SELECT (SELECT last FROM counter WHERE name = 'sequence'), (SELECT last FROM counter WHERE name = 'shared')
    """)
  private static let counters = PostgresStatement(
    "servers",
    "SELECT substr(name, \(signature.utf8.count + 1)), last FROM counter WHERE name LIKE '\(signature)%'")
  private static let forgets = PostgresStatement(
    "forget-server", "DELETE FROM counter WHERE name = '\(signature)' || $1 AND last = $2")
  // At most as many as go quickly; the lock lets one node do it.
  private static let remove = PostgresStatement(
    "remove-changes",
    """
    WITH removed AS (
      DELETE FROM change WHERE sequence IN (
        SELECT sequence FROM change WHERE sequence <= (SELECT last FROM counter WHERE name = 'sequence') - $1
        ORDER BY sequence LIMIT \(mostRemoved))
      AND pg_try_advisory_xact_lock(hashtext('liaison changes'), hashtext(current_schema()))
      RETURNING 1)
    SELECT count(*) FROM removed
    """)
  private static let mostRemoved: Int64 = 10_000

  /// - Parameters:
  ///   - seen: how far the counters were when the server began to read what it keeps in mind.
  ///   - longestSilence: after how many seconds the counter of a server that commits nothing is removed: by then nobody asks
  ///     for it any more. If the server is there after all, it makes it anew.
  init(
    _ options: PostgresOptions, changesKept: Int64, seen: (sequence: Int64, shared: Int64),
    longestSilence: Int = 3600
  ) {
    session = PostgresSession(options)
    self.changesKept = changesKept
    lastSeen = seen
    self.longestSilence = longestSilence
  }

  /// - Parameter body: see `StoreEngine.watch`.
  func start(_ body: @escaping @Sendable (StoreNews) -> Bool) {
    thread = StoreThread(named: "store watch") { self.run(body) }
  }

  /// Waits until the thread has ended.
  func stop() {
    isStopped.store(true, ordering: .relaxed)
    thread?.join()
  }

  private func run(_ body: @Sendable (StoreNews) -> Bool) {
    while !isStopped.load(ordering: .relaxed) {
      do throws(StoreError) {
        try watch(body)
      } catch {
        // A commit thread tells when the database is away.
        isListening = false
        sleep(milliseconds: 100)
      }
    }
    session.close()
  }

  private func watch(_ body: @Sendable (StoreNews) -> Bool) throws(StoreError) {
    let connection = try session.open()
    if !isListening {
      let name = try connection.run(Self.channelName).text(0, 0) ?? ""
      try connection.run(PostgresStatement("listen", "LISTEN \(name)"))
      isListening = true
    }
    let row = try connection.run(Self.look)
    let seen = (sequence: row.integer(0, 0), shared: row.integer(0, 1))
    if seen.sequence != lastSeen.sequence, body(.changes(seen.sequence)) { lastSeen.sequence = seen.sequence }
    if seen.shared != lastSeen.shared, body(.shared) { lastSeen.shared = seen.shared }
    _ = body(.commits(try commits(connection)))
    try forgetServers(connection)
    // In short waits, so that the end is not held up.
    let deadline = monotonicNanoseconds() + UInt64(Self.interval) * 1_000_000
    while monotonicNanoseconds() < deadline, !isStopped.load(ordering: .relaxed) {
      try removeOldChanges(connection)
      if try !connection.notifications(within: 100).isEmpty { return }
    }
  }

  /// How far the servers' counters are.
  private func commits(_ connection: PostgresConnection) throws(StoreError) -> [String: Int64] {
    let rows = try connection.run(Self.counters)
    let now = monotonicNanoseconds()
    var found: [String: (last: Int64, since: UInt64)] = [:]
    for row in 0..<rows.count {
      let (name, last) = (rows.text(row, 0) ?? "", rows.integer(row, 1))
      let before = servers[name]
      found[name] = (last, before?.last == last ? before?.since ?? now : now)
    }
    servers = found
    // Of all lanes of a server together.
    return Dictionary(
      found.map { (String($0.key.prefix { $0 != "/" }), $0.value.last) }, uniquingKeysWith: +)
  }

  /// Removes the counters of servers that have committed nothing for long: whoever is killed leaves one.
  private func forgetServers(_ connection: PostgresConnection) throws(StoreError) {
    let silence = UInt64(longestSilence) * 1_000_000_000
    let now = monotonicNanoseconds()
    for (name, server) in servers where now - server.since > silence {
      try connection.run(Self.forgets, .text(name), .integer(server.last))
    }
  }

  private func removeOldChanges(_ connection: PostgresConnection) throws(StoreError) {
    guard monotonicNanoseconds() >= nextRemoval else { return }
    let removed = try connection.run(Self.remove, .integer(changesKept)).integer(0, 0)
    // There are more: others have their turn in between.
    let pause: UInt64 = removed == Self.mostRemoved ? 50 : 10_000
    nextRemoval = monotonicNanoseconds() + pause * 1_000_000
  }
}
