import ContextModel
import JSON
import Synchronization
import Testing

@testable import ContextStore

/// The real engine, on a disk that has no room while `isLimited`.
private final class LimitedEngine: StoreEngine, StoreWriter {
  private let engine: JournaledEngine
  private let isLimited = Mutex(false)
  private let isMute = Mutex(false)
  private let probes = Mutex(0)

  init(_ engine: JournaledEngine) { self.engine = engine }

  func limit(_ limited: Bool) { isLimited.withLock { $0 = limited } }
  /// Keeps what it is given, and does not tell.
  func mute(_ mute: Bool) { isMute.withLock { $0 = mute } }
  var writers: [any StoreWriter] { [self] }
  var probeCount: Int { probes.withLock { $0 } }

  func begin() throws(StoreError) -> StoreCounters { try engine.begin() }
  func load(
    _ services: [Int64], _ keys: [RecordKey], service: (ServiceID, inout Service?) -> Void,
    record: (RecordKey, Record?) -> Void
  ) throws(StoreError) { try engine.load(services, keys, service: service, record: record) }
  func moreServiceIDs() throws(StoreError) -> Range<Int64> { try engine.moreServiceIDs() }
  func service(_ id: Int64) throws(StoreError) -> Service? { try engine.service(id) }
  func record(_ key: RecordKey) throws(StoreError) -> Record? { try engine.record(key) }
  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] { try engine.records(kind, of: service, tenant: tenant) }
  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] { try engine.services(query) }

  func commit(_ batch: Batch) throws(StoreError) {
    guard !isLimited.withLock({ $0 }) else {
      engine.abandon()
      throw StoreError(.full, "writing the journal /somewhere/journal failed: No space left on device")
    }
    try engine.commit(batch)
    guard isMute.withLock({ $0 }) else { return }
    var error = StoreError(.unreachable, "nobody can tell")
    error.isUncertain = true
    throw error
  }

  func abandon() { engine.abandon() }

  func probe() throws(StoreError) {
    probes.withLock { $0 += 1 }
    guard !isLimited.withLock({ $0 }) else { throw StoreError(.full, "still full") }
    try engine.probe()
  }

  var identity: Int64 { engine.identity }
  var newestChange: Int64 { engine.newestChange }
  var backlog: Int { engine.backlog }
  var probeInterval: Int? { engine.probeInterval }
  func watch(_ body: @escaping @Sendable (StoreNews) -> Bool) { engine.watch(body) }
  func lease(_ name: String) -> StoreLease { engine.lease(name) }
  func makeReader() throws(StoreError) -> any StoreReader { try engine.makeReader() }
  func removeTraces(of erasure: Erasure) throws(StoreError) -> Erasure.Traces {
    try engine.removeTraces(of: erasure)
  }
  func close() { engine.close() }
}

/// Remembers what it is told to doubt.
private final class Audience: CommitAudience {
  let doubted = Box<[ServiceID]>([])
  func ticket() -> Int64 { 0 }
  func show(_ commits: [ShownCommit]) { for commit in commits { commit.release() } }
  func doubt(_ services: [ServiceID]) { doubted.with { $0 += services } }
}

@Suite struct FailureTests {
  private let many: [AnyChange] = (0..<200).map {
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
    let refused = await test.writeTogether([.associating(id, with: "B")] + many)
    #expect(Set(refused.map(\.code)) == ["store_unavailable"])
    guard case .failure(let error) = refused[0] else { return }
    #expect(error.status == 503)
    #expect(error.message.contains("no room left"))
    #expect(!error.message.contains("/somewhere"), "clients need not know where the data lies")
    #expect(error.retryAfter != nil)
    guard case .failing(_, let reason) = test.store.health else {
      Issue.record("the store says it is up")
      return
    }
    #expect(reason.contains("/somewhere/journal"))
    #expect(try await test.ids(ofCustomer: "A") == [id.rawValue])
    #expect(try await test.ids(ofCustomer: "B") == [])

    engine.limit(false)
    let accepted = await test.writeTogether(many)
    #expect(accepted.allSatisfy { $0.code == nil })
    // The failed batch took neither ids nor numbers.
    #expect(try accepted.map { try $0.get().mapping?.service.rawValue } == Array(2...201))
    #expect(try accepted.map { try $0.get().sequence } == Array(2...201))
    #expect(test.store.health == .up)
  }

  @Test(.timeLimit(.minutes(1)))
  func `whatever a change may have done of which nobody can tell, all its services are doubted`() async throws
  {
    let (test, engine) = try limited()
    let audience = Audience()
    func doubts<Change: StoreChange>(_ services: [ServiceID], after change: Change) async throws {
      engine.mute(true)
      await #expect(throws: ContextError.self) {
        _ = try await test.run { try await $0.write(change, before: audience) }
      }
      engine.mute(false)
      while audience.doubted.value.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      #expect(Set(audience.doubted.value) == Set(services), "\(Change.self)")
      audience.doubted.with { $0 = [] }
    }
    let now = Timestamp(milliseconds: 0)
    func services(of customer: String) async throws -> [ServiceID] {
      [try await test.start(customer: customer, "{}"), try await test.start(customer: customer, "{}")]
    }
    for customer in ["a", "b", "c"] {
      let body = try ProfileBody(decoding: JSONParser().parse(Array("{}".utf8)).root)
      _ = try await test.run {
        try await $0.write(CreateProfile(tenant: .single, customer: customer, body: body, at: now))
      }
    }
    let one = try await test.start(customer: "x", "{}")
    try await doubts([one], after: DeleteService(tenant: .single, service: one, at: now))
    let some = try await services(of: "x")
    try await doubts(
      some, after: DeleteServices(tenant: .single, services: some, at: now) { _ in true })
    let moved = try await services(of: "b")
    try await doubts(
      moved,
      after: MergeProfile(
        tenant: .single, customer: "a", source: "b", options: MergeOptions(), movesServices: true,
        uniqueAttributes: [:], at: now))
    let rest = try await services(of: "c")
    try await doubts(
      rest, after: DeleteProfile(tenant: .single, customer: "c", withServices: true, at: now))
    try await doubts(moved, after: EraseCustomer(tenant: .single, customer: "a", formerServices: [], at: now))
  }

  @Test func `many failing batches are said once, and the recovery once`() async throws {
    let (test, engine) = try limited()
    engine.limit(true)
    for _ in 0..<5 { _ = await test.writeTogether(many) }
    engine.limit(false)
    for _ in 0..<5 { _ = await test.writeTogether(many) }
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
    _ = await test.writeTogether(many)
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
    _ = await test.writeTogether(many)
    #expect(await test.writeTogether([.completing(ServiceID(9)!)]).map(\.code) == ["service_not_found"])
    #expect(test.store.health != .up)
  }

  @Test(.timeLimit(.minutes(1)))
  func `while the journal cannot be folded writes and reads go on, up to its limit; nothing is lost`()
    async throws
  {
    let test = try TestStore(options: StoreOptions(foldAfter: 1, foldBytes: 20_000))
    let id = try await test.start(customer: "A", #"{"Note":1}"#)
    // A failure that does not make SQLite end the transaction by itself.
    _ = try await test.rows(
      """
      CREATE TRIGGER refusal BEFORE INSERT ON association WHEN new.customer = 'refused'
      BEGIN SELECT RAISE(FAIL, 'refused'); END
      """)
    _ = try await test.associate(id, with: "refused", #"{"Note":2}"#)
    await #expect(throws: ContextError.self) { try await test.run { try await $0.settle() } }
    // Whoever waits for the fold may hear of its failure before the notice is given.
    while test.notices.all.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
    guard case .foldFailing(let reason) = test.notices.all.first else {
      Issue.record("\(test.notices.all)")
      return
    }
    #expect(reason.contains("refused"))

    var accepted = 0
    while true {
      let outcome = await test.writeTogether([.associating(id, with: "B", #"{"Note":3}"#)])[0]
      guard outcome.code == nil else {
        #expect(outcome.code == "store_unavailable")
        break
      }
      accepted += 1
    }
    #expect(accepted > 20, "the journal has room for a while")
    #expect(try await test.ids(ofCustomer: "B") == [id.rawValue])
    #expect(try await test.ids(ofCustomer: "refused") == [])
    let after = try TestStore(test.folder.copy(), options: StoreOptions(foldAfter: 60_000))
    #expect(try await after.ids(ofCustomer: "B") == [id.rawValue])

    _ = try rowsOfFile("\(test.folder.path)/liaison.sqlite", "DROP TRIGGER refusal")
    while test.store.health != .up { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try await test.associate(id, with: "C").mapping?.revision == Int64(accepted) + 3)
    #expect(
      try await test.rows("SELECT customer, count(*) FROM association GROUP BY customer ORDER BY 1") == [
        "A|1", "B|1", "C|1", "refused|1",
      ])
    #expect(test.notices.all.contains { if case .foldRecovered = $0 { true } else { false } })
  }
}
