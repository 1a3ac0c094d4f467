import ContextModel
import Synchronization
import Testing

@testable import ContextStore

/// SQLite whose database may not grow while `isLimited`: SQLite itself then says that the disk is full.
private final class LimitedEngine: StoreEngine {
  private let engine: SQLiteEngine
  private let isLimited = Mutex(false)
  private let probes = Mutex(0)

  init(_ engine: SQLiteEngine) { self.engine = engine }

  func limit(_ limited: Bool) { isLimited.withLock { $0 = limited } }
  var probeCount: Int { probes.withLock { $0 } }

  // On the commit thread, like the calls it precedes.
  private func apply() throws(StoreError) {
    let pages = isLimited.withLock { $0 } ? 1 : 1_000_000
    try engine.connection?.execute("PRAGMA max_page_count = \(pages)")
  }

  func begin() throws(StoreError) -> StoreCounters {
    try apply()
    return try engine.begin()
  }

  func load(
    _ keys: [RecordKey], _ take: (RecordKey, Record?) throws(StoreError) -> Void
  ) throws(StoreError) { try engine.load(keys, take) }
  func record(_ key: RecordKey) throws(StoreError) -> Record? { try engine.record(key) }
  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] { try engine.records(kind, of: service, tenant: tenant) }
  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] { try engine.services(query) }
  func commit(_ batch: Batch) throws(StoreError) { try engine.commit(batch) }
  func abandon() { engine.abandon() }

  func probe() throws(StoreError) {
    probes.withLock { $0 += 1 }
    // A full disk has no room for the log either.
    guard !isLimited.withLock({ $0 }) else { throw StoreError(.full, "still full") }
    try engine.probe()
  }

  func maintain() { engine.maintain() }
  func makeReader() throws(StoreError) -> any StoreReader { try engine.makeReader() }
  func close() { engine.close() }
}

@Suite struct FailureTests {
  /// Starts that need more room than the pages have that are there.
  private let tooMuch: [AnyChange] = (0..<200).map {
    .starting(.single, .starting(customer: "full \($0)", at: $0))
  }

  private func limited() throws -> (TestStore, LimitedEngine) {
    nonisolated(unsafe) var engine: LimitedEngine?
    let test = try TestStore {
      let limited = LimitedEngine($0)
      engine = limited
      return limited
    }
    return (test, engine!)
  }

  @Test func `a full disk gives 503, reads go on, nothing of the batch is kept, and it works again later`()
    async throws
  {
    let (test, engine) = try limited()
    let id = try await test.start(customer: "A")
    engine.limit(true)
    let refused = await test.writeTogether([.associating(id, with: "B")] + tooMuch)
    #expect(Set(refused.map(\.code)) == ["store_unavailable"])
    guard case .failure(let error) = refused[0] else { return }
    #expect(error.status == 503)
    #expect(error.message.contains("no room left"))
    #expect(!error.message.contains(test.folder.path), "clients need not know where the data lies")
    #expect(error.retryAfter != nil)
    guard case .failing(_, let reason) = test.store.health else {
      Issue.record("the store says it is up")
      return
    }
    #expect(reason.contains("liaison.sqlite"))
    #expect(try await test.ids(ofCustomer: "A") == [id.rawValue])
    #expect(try await test.ids(ofCustomer: "B") == [])

    engine.limit(false)
    let accepted = await test.writeTogether(tooMuch)
    #expect(accepted.allSatisfy { $0.code == nil })
    // The failed batch took neither ids nor numbers.
    #expect(try accepted.map { try $0.get().mapping?.service.rawValue } == Array(2...201))
    #expect(try accepted.map { try $0.get().sequence } == Array(2...201))
    #expect(test.store.health == .up)
  }

  @Test func `many failing batches are said once, and the recovery once`() async throws {
    let (test, engine) = try limited()
    engine.limit(true)
    for _ in 0..<5 { _ = await test.writeTogether(tooMuch) }
    engine.limit(false)
    for _ in 0..<5 { _ = await test.writeTogether(tooMuch) }
    let notices = test.notices.all
    #expect(notices.count == 2)
    guard case .failing = notices.first, case .recovered = notices.last else {
      Issue.record("\(notices)")
      return
    }
  }

  @Test(.timeLimit(.minutes(1))) func `the store finds out by itself that it works again, without any write`()
    async throws
  {
    let (test, engine) = try limited()
    engine.limit(true)
    _ = await test.writeTogether(tooMuch)
    engine.limit(false)
    while test.store.health != .up { try await Task.sleep(for: .milliseconds(10)) }
    #expect(engine.probeCount > 0)
    #expect(try await test.start(customer: "A").rawValue == 1)
  }

  @Test func `a batch in which every write fails for its own reason says nothing about the disk`()
    async throws
  {
    let (test, engine) = try limited()
    engine.limit(true)
    _ = await test.writeTogether(tooMuch)
    #expect(await test.writeTogether([.completing(ServiceID(9)!)]).map(\.code) == ["service_not_found"])
    #expect(test.store.health != .up)
  }

  @Test func `a batch that fails at its last row leaves nothing of its first ones`() async throws {
    let test = try TestStore()
    let id = try await test.start(customer: "A", #"{"Note":1}"#)
    // A failure that does not make SQLite end the transaction by itself.
    _ = try test.rows(
      """
      CREATE TRIGGER refusal BEFORE INSERT ON change WHEN new.customer = 'refused'
      BEGIN SELECT RAISE(FAIL, 'refused'); END
      """)
    let outcomes = await test.writeTogether([
      .associating(id, with: "B", #"{"Note":2}"#), .starting(.single, .starting(customer: "B", at: 1)),
      .starting(.single, .starting(customer: "refused", at: 1)),
    ])
    #expect(Set(outcomes.map(\.code)) == ["store_unavailable"])
    #expect(try await test.ids(ofCustomer: "B") == [])
    #expect(try #require(try await test.record(id, .all)).extensionTexts == ["Note=1"])
    let next = try await test.associate(id, with: "C")
    #expect(next.sequence == 2)
    #expect(next.mapping?.revision == 2)
    #expect(try await test.start(customer: "C").rawValue == id.rawValue + 1)
  }
}
