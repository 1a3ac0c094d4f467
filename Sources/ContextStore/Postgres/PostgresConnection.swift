import CPostgres
import Glibc
import Synchronization

/// A connection in pipeline mode: statements are queued, sent together, and their results taken in the same order. Owns
/// the C handle. One thread at a time.
///
/// Nothing waits longer than the options allow; a connection on which something did, or that broke, is of no use any more
/// and every further call says so.
final class PostgresConnection {
  /// What the server will answer, in order.
  private enum Expected {
    case preparation(String)
    case rows
    case synchronization
  }

  /// Owned; finished when this object goes.
  private let handle: OpaquePointer
  private let options: PostgresOptions
  private var prepared: Set<String> = []
  private var expected: [Expected] = []
  /// How many of `expected` have been taken.
  private var taken = 0
  /// Why it is of no use any more.
  private(set) var failure: StoreError?

  /// Connects, and sets what every session of the store needs.
  init(_ options: PostgresOptions, durability: StoreOptions.Durability = .full) throws(StoreError) {
    self.options = options
    handle = try Self.connect(options)
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw lost() }
    // Text columns hold names of all tongues; what a planner thinks of a batch changes little, so plans are kept.
    try run(
      PostgresStatement(
        "setup",
        """
        SELECT set_config('statement_timeout', $1, false), set_config('jit', 'off', false),
          set_config('synchronous_commit', CASE WHEN $2 = 'relaxed' THEN 'off'
            WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
            ELSE current_setting('synchronous_commit') END, false)
        """),
      .text("\(options.statementTimeout)"), .text(durability.rawValue))
  }

  deinit { PQfinish(handle) }

  /// Which host of a connection string was reached last, and at which place: that one is tried first.
  private static let lastReached = Mutex<[String: (host: PostgresHost, place: PostgresHost)]>([:])

  /// Tries what the connection string names, one after the other.
  private static func connect(_ options: PostgresOptions) throws(StoreError) -> OpaquePointer {
    let last = lastReached.withLock { $0[options.connection] }
    var refusals: [String] = []
    for host in PostgresHost.all(in: options.connection).beginning(with: last?.host) {
      do throws(StoreError) {
        for place in try host.places(within: options.connectTimeout).beginning(with: last?.place) {
          guard let handle = connect(options, to: place, &refusals) else { continue }
          lastReached.withLock { $0[options.connection] = (host, place) }
          return handle
        }
      } catch {
        refusals.append(error.description)
      }
    }
    throw StoreError(.unreachable, "PostgreSQL cannot be reached: \(refusals.joined(separator: "; "))")
  }

  /// - Returns: `nil`, and why, if that comes to nothing.
  private static func connect(
    _ options: PostgresOptions, to place: PostgresHost, _ refusals: inout [String]
  ) -> OpaquePointer? {
    // What the connection string says of the first ones wins: it is expanded behind them. A variable of libpq's would not.
    let sessions = getenv("PGTARGETSESSIONATTRS") == nil ? "primary" : nil
    let handle = start([
      ("client_encoding", "UTF8"), ("fallback_application_name", "liaison"),
      ("target_session_attrs", sessions), ("dbname", options.connection),
      ("host", place.name), ("hostaddr", place.address), ("port", place.port),
    ])
    guard let handle else {
      refusals.append("there is no memory for a connection")
      return nil
    }
    // What is worth telling is thrown; libpq would print the rest.
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    let deadline = monotonicNanoseconds() + UInt64(options.connectTimeout) * 1_000_000
    var state = PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
    while state != PGRES_POLLING_OK {
      let events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT
      let hasFailed = state == PGRES_POLLING_FAILED
      guard !hasFailed, wait(PQsocket(handle), Int16(events), until: deadline) else {
        refusals.append(
          hasFailed ? message(handle) : "\(place) gave no answer within \(options.connectTimeout) ms")
        PQfinish(handle)
        return nil
      }
      state = PQconnectPoll(handle)
    }
    return handle
  }

  /// Begins to connect. Settings without a value are left to libpq; of two of the same the later one counts.
  static func start(_ settings: [(keyword: String, value: String?)]) -> OpaquePointer? {
    let texts: [String?] = settings.map { $0.keyword } + [nil] + settings.map { $0.value } + [nil]
    let pointers = texts.map { $0.flatMap { strdup($0) } }
    defer { for pointer in pointers { free(pointer) } }
    let constants = pointers.map { UnsafePointer<CChar>($0) }
    return constants.withUnsafeBufferPointer { all in
      PQconnectStartParams(all.baseAddress, all.baseAddress! + settings.count + 1, 1)
    }
  }

  /// Whether the descriptor is ready before the time is over.
  private static func wait(_ descriptor: Int32, _ events: Int16, until deadline: UInt64) -> Bool {
    while true {
      let now = monotonicNanoseconds()
      guard now < deadline else { return false }
      var entry = pollfd(fd: descriptor, events: events, revents: 0)
      let ready = poll(&entry, 1, Int32(clamping: (deadline - now) / 1_000_000 + 1))
      if ready > 0 { return true }
      guard ready == 0 || errno == EINTR else { return false }
    }
  }

  /// libpq's message in one line.
  private static func message(_ handle: OpaquePointer) -> String {
    String(cString: PQerrorMessage(handle)).oneLine
  }

  // MARK: Sending

  /// Queues a statement.
  func send(_ statement: PostgresStatement, _ parameters: PostgresParameter...) throws(StoreError) {
    try send(statement, parameters)
  }

  /// Queues a statement.
  func send(_ statement: PostgresStatement, _ parameters: [PostgresParameter]) throws(StoreError) {
    if let failure { throw failure }
    if !prepared.contains(statement.name) {
      guard PQsendPrepare(handle, statement.name, statement.text, 0, nil) == 1 else { throw lost() }
      prepared.insert(statement.name)
      expected.append(.preparation(statement.name))
    }
    guard send(statement.name, parameters.map(\.bytes)) else { throw lost() }
    expected.append(.rows)
  }

  private func send(_ name: String, _ values: [[UInt8]?]) -> Bool {
    let sizes = values.map { Int32($0?.count ?? 0) }
    let formats = values.map { _ in Int32(1) }
    var pointers: [UnsafePointer<CChar>?] = []
    pointers.reserveCapacity(values.count)
    /// Calls itself so that all values are held at once.
    func send(after place: Int) -> Bool {
      guard place < values.count else {
        return PQsendQueryPrepared(handle, name, Int32(values.count), pointers, sizes, formats, 1) == 1
      }
      guard let value = values[place] else {
        pointers.append(nil)
        return send(after: place + 1)
      }
      return value.withUnsafeBytes { bytes in
        // No bytes are a value, too, unlike no pointer.
        pointers.append((bytes.baseAddress ?? Self.nothing).assumingMemoryBound(to: CChar.self))
        return send(after: place + 1)
      }
    }
    return send(after: 0)
  }

  /// Stands for a value without bytes. Never read, never freed.
  nonisolated(unsafe) private static let nothing = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))

  /// Ends what belongs together: a statement that fails takes those behind it along, up to here. All is on its way.
  func synchronize() throws(StoreError) {
    if let failure { throw failure }
    guard PQpipelineSync(handle) == 1 else { throw lost() }
    expected.append(.synchronization)
    try flush()
  }

  /// What is queued is on its way, as far as the socket takes it; nothing ends.
  func flush() throws(StoreError) {
    if let failure { throw failure }
    guard PQflush(handle) >= 0 else { throw lost() }
  }

  // MARK: Taking

  /// The result of the next statement.
  ///
  /// - Throws: why it failed; the results up to the next end of what belongs together are taken then.
  func take() throws(StoreError) -> PostgresResult { PostgresResult(try takeHandle()) }

  /// Takes the results of the next statements, whatever they say, unless one failed: that is thrown, see ``take()``.
  func pass(_ count: Int) throws(StoreError) {
    for _ in 0..<count { PQclear(try takeHandle()) }
  }

  /// The caller's to clear.
  private func takeHandle() throws(StoreError) -> OpaquePointer {
    while true {
      let (what, result) = try next()
      let status = PQresultStatus(result)
      switch what {
      case .preparation where status == PGRES_COMMAND_OK: PQclear(result)
      case .rows where status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK: return result
      default:
        let error = StoreError(refusal: result)
        PQclear(result)
        // A server that takes no work any more, or only reads: a new connection may find the one that does.
        guard error.kind != .unreachable else {
          failure = error
          throw error
        }
        try forget(what)
        throw error
      }
    }
  }

  /// Takes the end of what belongs together.
  func takeEnd() throws(StoreError) {
    let (what, result) = try next()
    PQclear(result)
    guard case .synchronization = what else { preconditionFailure("a result was not taken") }
  }

  /// What is left up to the end of what belongs together is of no use: an earlier statement failed.
  private func forget(_ failed: Expected) throws(StoreError) {
    var what = failed
    while true {
      switch what {
      case .preparation(let name): prepared.remove(name)
      case .rows: break
      case .synchronization: return
      }
      let result: OpaquePointer
      (what, result) = try next()
      PQclear(result)
    }
  }

  private func next() throws(StoreError) -> (Expected, OpaquePointer) {
    if let failure { throw failure }
    precondition(taken < expected.count, "nothing was sent that could be answered")
    let what = expected[taken]
    while true {
      if PQisBusy(handle) != 0 { try wait() }
      // Between the results of two statements stands nothing, told as such.
      guard let result = PQgetResult(handle) else { continue }
      let status = PQresultStatus(result)
      if status == PGRES_FATAL_ERROR, PQstatus(handle) == CONNECTION_BAD {
        let error = lost()
        PQclear(result)
        throw error
      }
      taken += 1
      if taken == expected.count {
        expected.removeAll(keepingCapacity: true)
        taken = 0
      }
      return (what, result)
    }
  }

  /// Returns when a result can be had without waiting.
  private func wait() throws(StoreError) {
    let deadline = monotonicNanoseconds() + UInt64(options.statementTimeout + 1000) * 1_000_000
    while PQisBusy(handle) != 0 {
      let unsent = PQflush(handle)
      guard unsent >= 0 else { throw lost() }
      let events = unsent > 0 ? POLLIN | POLLOUT : POLLIN
      guard Self.wait(PQsocket(handle), Int16(events), until: deadline) else {
        let error = StoreError(
          .unreachable, "PostgreSQL gave no answer within \(options.statementTimeout + 1000) ms")
        failure = error
        throw error
      }
      guard PQconsumeInput(handle) == 1 else { throw lost() }
    }
  }

  /// Takes what is left, whatever it is: nobody wants to know any more.
  func discard() throws(StoreError) {
    guard !expected.isEmpty else { return }
    if case .synchronization = expected[expected.count - 1] {} else { try synchronize() }
    while !expected.isEmpty {
      let (what, result) = try next()
      if case .preparation(let name) = what, PQresultStatus(result) != PGRES_COMMAND_OK {
        prepared.remove(name)
      }
      PQclear(result)
    }
  }

  /// One statement alone.
  @discardableResult
  func run(
    _ statement: PostgresStatement, _ parameters: PostgresParameter...
  ) throws(StoreError) -> PostgresResult {
    try run(statement, parameters)
  }

  /// One statement alone.
  @discardableResult
  func run(
    _ statement: PostgresStatement, _ parameters: [PostgresParameter]
  ) throws(StoreError) -> PostgresResult {
    try send(statement, parameters)
    try synchronize()
    let result = try take()
    try takeEnd()
    return result
  }

  /// Waits for a notification, at most so many milliseconds. What else has come by then is read, too.
  ///
  /// - Returns: what those say that have come.
  func notifications(within milliseconds: Int) throws(StoreError) -> [String] {
    if let failure { throw failure }
    let deadline = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
    var texts = pendingNotifications()
    if texts.isEmpty, Self.wait(PQsocket(handle), Int16(POLLIN), until: deadline) {
      guard PQconsumeInput(handle) == 1 else { throw lost() }
      texts = pendingNotifications()
    }
    return texts
  }

  private func pendingNotifications() -> [String] {
    var texts: [String] = []
    while let notification = PQnotifies(handle) {
      texts.append(String(cString: notification.pointee.extra))
      PQfreemem(notification)
    }
    return texts
  }

  /// The connection is of no use any more.
  private func lost() -> StoreError {
    let error = StoreError(.unreachable, "the connection to PostgreSQL broke: \(Self.message(handle))")
    failure = failure ?? error
    return failure ?? error
  }
}
