import ContextModel
import EventLoop
import Glibc
import JSON
import Testing

@testable import ContextStore

/// A folder that is gone when nobody holds it any more.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/liaison-store-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    for name in (try? Files.names(in: path)) ?? [] {
      if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
    }
    rmdir(path)
  }

  /// What lies in it.
  var names: [String] { (try? Files.names(in: path)) ?? [] }

  /// The segments of a store's journal, oldest first.
  var segments: [String] { journalFiles.filter { $0.hasSuffix(".journal") } }

  /// All that lies in a store's journal.
  var journalFiles: [String] {
    ((try? Files.names(in: "\(path)/journal")) ?? []).sorted().map { "\(path)/journal/\($0)" }
  }

  /// What a power cut or a kill would leave of the data folder now.
  func copy() -> TemporaryFolder {
    let other = TemporaryFolder()
    for name in names where name.hasPrefix("liaison.sqlite") && !name.hasSuffix("-shm") {
      Self.copyFile("\(path)/\(name)", to: "\(other.path)/\(name)")
    }
    mkdir("\(other.path)/journal", 0o700)
    for name in (try? Files.names(in: "\(path)/journal")) ?? [] {
      Self.copyFile("\(path)/journal/\(name)", to: "\(other.path)/journal/\(name)")
    }
    return other
  }

  private static func copyFile(_ source: String, to target: String) {
    let from = open(source, O_RDONLY)
    let to = open(target, O_WRONLY | O_CREAT, 0o600)
    while sendfile(to, from, nil, 1 << 30) > 0 {}
    close(from)
    close(to)
  }
}

/// Where a test's store lies.
enum Backend: String, CaseIterable, Sendable {
  case embedded
  case postgres

  /// Those that can be had here; `PostgresTests` says so where one cannot.
  static let allCases: [Backend] = TestPostgres.isInstalled ? [.embedded, .postgres] : [.embedded]
}

/// A store with real loops, on real files or a real database.
final class TestStore: Sendable {
  let folder: TemporaryFolder
  /// Where its tables lie, if that is no file.
  let postgres: PostgresOptions?
  let store: ContextStore
  let loops: [EventLoop]
  let notices = Notices()

  init(
    _ folder: TemporaryFolder = TemporaryFolder(), loops count: Int = 1,
    options: StoreOptions = StoreOptions(),
    engine wrap: ((JournaledEngine) -> any StoreEngine)? = nil
  ) throws {
    self.folder = folder
    postgres = nil
    loops = try (0..<count).map { try EventLoop(index: $0) }
    let notices = notices
    let metrics = StoreMetrics()
    let engine = try JournaledEngine(folder: folder.path, options: options, metrics: metrics) {
      notices.add($0)
    }
    store = try ContextStore(
      engine: wrap?(engine) ?? engine, options: options, metrics: metrics, loops: loops
    ) { notices.add($0) }
    for loop in loops { loop.start(named: "test loop") }
  }

  /// A store on an empty backend of its own.
  convenience init(on backend: Backend, loops: Int = 1, options: StoreOptions = StoreOptions()) throws {
    switch backend {
    case .embedded: try self.init(loops: loops, options: options)
    case .postgres: try self.init(TestPostgres.newStore(), loops: loops, options: options)
    }
  }

  /// A store on what a kill at this moment would leave. This one stays open, and works on its own files if they are files.
  func afterKill(options: StoreOptions = StoreOptions()) throws -> TestStore {
    if let postgres { return try TestStore(postgres, options: options) }
    return try TestStore(folder.copy(), options: options)
  }

  /// A store on what this one leaves when it is closed.
  func afterClose(options: StoreOptions = StoreOptions()) throws -> TestStore {
    store.close()
    if let postgres { return try TestStore(postgres, options: options) }
    return try TestStore(folder, options: options)
  }

  /// One server of perhaps several on a database.
  init(
    _ postgres: PostgresOptions, loops count: Int = 1, options: StoreOptions = StoreOptions(),
    shared: @escaping @Sendable (ContextStore) -> Bool = { _ in true }
  ) throws {
    folder = TemporaryFolder()
    self.postgres = postgres
    loops = try (0..<count).map { try EventLoop(index: $0) }
    let notices = notices
    store = try ContextStore(
      opening: .postgres(postgres), options: options, loops: loops, notice: { notices.add($0) },
      shared: shared)
    for loop in loops { loop.start(named: "test loop") }
  }

  deinit {
    store.close()
    for loop in loops {
      loop.stop()
      loop.join()
    }
  }

  /// Runs `body` as a task of a loop.
  func run<Result: Sendable>(
    on loop: Int = 0, _ body: @escaping @Sendable (ContextStore) async throws -> Result
  ) async throws -> Result {
    let store = store
    let loop = loops[loop]
    return try await withCheckedThrowingContinuation { continuation in
      loop.post {
        loop.runTask {
          do {
            continuation.resume(returning: try await body(store))
          } catch {
            continuation.resume(throwing: error)
          }
        }
      }
    }
  }

  /// Hands all requests over in one tick, so that they arrive in this order and in one batch.
  func writeTogether(_ requests: [AnyChange]) async -> [Result<AnyChange.Outcome, ContextError>] {
    let outcomes = Outcomes(requests.count)
    let store = store
    let loop = loops[0]
    await withCheckedContinuation { continuation in
      loop.post {
        for (place, request) in requests.enumerated() {
          loop.runTask {
            let outcome: Result<AnyChange.Outcome, ContextError>
            do throws(ContextError) {
              outcome = .success(try await store.write(request))
            } catch {
              outcome = .failure(error)
            }
            if outcomes.set(place, outcome) { continuation.resume() }
          }
        }
      }
    }
    return outcomes.all
  }

  /// Begins all changes in one tick, so that they arrive in this order; returns when all are made.
  func inOneTick(_ changes: [@Sendable (ContextStore) async throws -> Void]) async throws {
    let (results, continuation) = AsyncThrowingStream<Void, any Error>.makeStream()
    let (store, loop) = (store, loops[0])
    loop.post {
      for change in changes {
        loop.runTask {
          do {
            try await change(store)
            continuation.yield()
          } catch {
            continuation.finish(throwing: error)
          }
        }
      }
    }
    var left = changes.count
    for try await _ in results {
      left -= 1
      if left == 0 { continuation.finish() }
    }
  }

  func write(_ request: AnyChange) async throws -> AnyChange.Outcome {
    try await writeTogether([request])[0].get()
  }

  /// Starts a service and gives its id.
  func start(
    customer: String? = nil, contactKey: String? = nil, at time: Int64 = 1000, type: AttributeValue? = nil,
    _ body: String = "{}"
  ) async throws -> ServiceID {
    let written = try await write(
      .starting(.single, .starting(customer: customer, contactKey: contactKey, at: time, type: type, body)))
    return try #require(written.mapping).service
  }

  func associate(
    _ id: ServiceID, with customer: String, _ body: String = "{}", condition: RevisionCondition? = nil
  ) async throws -> AnyChange.Outcome {
    try await write(.associating(id, with: customer, body, condition: condition))
  }

  func complete(_ id: ServiceID, at time: Int64 = 9000) async throws -> AnyChange.Outcome {
    try await write(.completing(id, at: time))
  }

  /// The ids of a list.
  func ids(_ query: ServiceQuery) async throws -> [Int64] {
    try await run { store in try await store.services(query) }.map { try $0.service.id.rawValue }
  }

  func ids(ofCustomer customer: String, _ status: Service.Status? = nil) async throws -> [Int64] {
    try await ids(
      ServiceQuery(tenant: .single, owner: .customer(customer), filter: ServiceFilter(status: status)))
  }

  func record(_ id: ServiceID, _ extensions: ExtensionSelection = .none) async throws -> ServiceRecord? {
    try await run { store in try await store.service(id, tenant: .single, extensions: extensions) }
  }

  /// The rows of a query on the file itself, once all is folded, columns joined by `|`, as somebody with the `sqlite3`
  /// shell sees them.
  func rows(_ sql: String) async throws -> [String] {
    try await run { store in try await store.settle() }
    if let postgres { return try TestPostgres.rows(postgres, sql) }
    return try rowsOfFile("\(folder.path)/\(SQLiteTarget.fileName)", sql)
  }

  /// Changes the tables themselves, as somebody with the `sqlite3` shell or `psql` can; the store is closed.
  func execute(_ sql: String) throws {
    if let postgres { return try TestPostgres.execute(postgres, sql) }
    _ = try rowsOfFile("\(folder.path)/\(SQLiteTarget.fileName)", sql)
  }

  /// All changes that are kept.
  func changes(after sequence: Int64 = 0, limit: Int = .max) async throws -> [Change] {
    try await run { store in try await store.changes(after: sequence, limit: limit) }
  }
}

/// The rows of a query on a database file, columns joined by `|`.
func rowsOfFile(_ path: String, _ sql: String) throws -> [String] {
  let connection = try SQLiteConnection(path: path, .write)
  let statement = try connection.prepare(sql)
  var rows: [String] = []
  while try statement.step() {
    rows.append((0..<statement.columns).map { statement.text($0) ?? "" }.joined(separator: "|"))
  }
  return rows
}

/// What a store said.
final class Notices: Sendable {
  private let list = Box<[StoreNotice]>([])
  var all: [StoreNotice] { list.value }
  func add(_ notice: StoreNotice) { list.with { $0.append(notice) } }
}

/// Outcomes that arrive in any order.
final class Outcomes: Sendable {
  private let list: Box<[Result<AnyChange.Outcome, ContextError>?]>

  init(_ count: Int) { list = Box(Array(repeating: nil, count: count)) }

  /// Whether it was the last one.
  func set(_ place: Int, _ outcome: Result<AnyChange.Outcome, ContextError>) -> Bool {
    list.with {
      $0[place] = outcome
      return !$0.contains { $0 == nil }
    }
  }

  var all: [Result<AnyChange.Outcome, ContextError>] { list.value.map { $0! } }
}
