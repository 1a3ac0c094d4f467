import Synchronization

/// Asks PostgreSQL for the leases that this server wants: session-level advisory locks, on a connection and a thread of their
/// own. A lock is gone when its session is, whatever ended that. What is never wanted costs neither. Any thread.
///
/// A server that is cut off must not believe in a lease for longer than PostgreSQL does. It asks something every
/// `interval` and takes its leases for lost when no answer comes for `longestAnswer`: after 6 s at most. PostgreSQL's side
/// ends a session of which nothing is heard for `longestSilence`.
final class PostgresLeases: Sendable {
  /// Milliseconds, like all that follow.
  private static let interval = 1000
  private static let longestAnswer = 5000
  private static let longestSilence = 10_000

  private let book = LeaseBook(isShared: true)
  private let options: PostgresOptions
  private let thread = Mutex<StoreThread?>(nil)

  // Over a unix socket these settings mean nothing, and are taken all the same.
  private static let limitsSilence = PostgresStatement(
    "limit-silence",
    """
    SELECT set_config('tcp_keepalives_idle', '\(longestSilence / 2000)', false), set_config('tcp_keepalives_interval', '1', false),
      set_config('tcp_keepalives_count', '\(longestSilence / 2000)', false), set_config('tcp_user_timeout', '\(longestSilence)', false)
    """)
  // One number: the locks that servers take with two, as for their tables, are others. Stores that share a database lie in
  // different schemas.
  private static let key = "hashtextextended('liaison lease ' || current_schema() || ' ' || $1::text, 0)"
  private static let takes = PostgresStatement("take-lease", "SELECT pg_try_advisory_lock(\(key))")
  private static let returns = PostgresStatement("return-lease", "SELECT pg_advisory_unlock(\(key))")
  private static let looks = PostgresStatement("look-after-leases", "SELECT")

  init(_ options: PostgresOptions) {
    var options = options
    // The connection itself waits for a second more.
    options.statementTimeout = Self.longestAnswer - 1000
    self.options = options
  }

  /// A lease that is wanted from now on.
  func ask(_ name: String) -> StoreLease {
    let lease = book.ask(name)
    thread.withLock { thread in
      if thread == nil { thread = StoreThread(named: "store leases") { self.run() } }
    }
    return lease
  }

  /// Ends all leases. Waits until the thread has ended.
  func close() {
    book.close()
    thread.withLock { $0.take() }?.join()
  }

  private func run() {
    let session = PostgresSession(options)
    session.inspection = { connection throws(StoreError) in try connection.run(Self.limitsSilence) }
    while !book.isClosed {
      do throws(StoreError) {
        try look(session.open())
      } catch {
        // Whatever was locked until now, or is not known to be: it goes with the session.
        book.lose()
        session.close()
        sleep(milliseconds: 100)
      }
    }
  }

  private func look(_ connection: PostgresConnection) throws(StoreError) {
    let (returned, wanted) = book.look()
    for name in returned { try connection.run(Self.returns, .text(name)) }
    for name in wanted where try connection.run(Self.takes, .text(name)).integer(0, 0) != 0 {
      book.grant(name)
    }
    try connection.run(Self.looks)
    // In short waits, so that what is returned is there for others at once.
    let deadline = monotonicNanoseconds() + UInt64(Self.interval) * 1_000_000
    while monotonicNanoseconds() < deadline, !book.hasNews {
      _ = try connection.notifications(within: 100)
    }
  }
}
