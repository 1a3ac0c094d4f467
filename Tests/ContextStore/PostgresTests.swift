import ContextModel
import JSON
import Testing

@testable import ContextStore

/// What only a store that several servers share has to keep.
@Suite(.enabled(if: TestPostgres.isInstalled, "PostgreSQL is not installed (package postgresql)"))
struct PostgresTests {
  @Test func `two servers that change the same services lose nothing, and number their changes in one row`()
    async throws
  {
    let place = try TestPostgres.newStore()
    let nodes = [try TestStore(place), try TestStore(place)]
    var ids: [ServiceID] = []
    for _ in 0..<5 { ids.append(try await nodes[0].start(customer: "A")) }
    let services = ids
    try await withThrowingTaskGroup { group in
      for (place, node) in nodes.enumerated() {
        group.addTask {
          for round in 0..<40 {
            let outcomes = await node.writeTogether(
              services.shuffled().map { .associating($0, with: "\(place) \(round)", #"{"Note":\#(round)}"#) })
            #expect(outcomes.allSatisfy { $0.code == nil })
          }
        }
      }
      try await group.waitForAll()
    }
    for id in services {
      let seen = [try await nodes[0].record(id, .all), try await nodes[1].record(id, .all)]
      #expect(seen[0]?.revision == 81)
      #expect(seen[0]?.document == seen[1]?.document)
      #expect(seen[0]?.extensionTexts == ["Note=39"])
    }
    #expect(try await nodes[1].changes().map(\.sequence) == Array(1...405))
    let revisions = try await nodes[1].changes().filter { $0.service == services[0] }.map(\.revision)
    #expect(revisions == Array(1...81))
    #expect(try await nodes[0].rows("SELECT count(*) FROM association") == ["405"])
  }

  @Test func `ids are unique over servers, and each takes them from a block of its own`() async throws {
    let place = try TestPostgres.newStore()
    let nodes = [try TestStore(place), try TestStore(place)]
    var ids: [Int64] = []
    for round in 0..<6 {
      let outcomes = await nodes[round % 2].writeTogether(
        (0..<400).map { .starting(.single, .starting(customer: "A", at: $0)) })
      ids += try outcomes.map { try #require($0.get().mapping).service.rawValue }
    }
    #expect(Set(ids).count == 2400)
    #expect(ids[0..<400].elementsEqual(1...400))
    #expect(ids[400..<800].elementsEqual(1001...1400))
    #expect(try await nodes[0].ids(ofCustomer: "A").count == 2400)
  }

  @Test func `of two servers that make the same new thing one is refused, not unavailable`() async throws {
    let place = try TestPostgres.newStore()
    let nodes = [try TestStore(place), try TestStore(place)]
    for round in 0..<10 {
      let change = AnyChange.creatingSchema("Note\(round)", text: "{}")
      async let first = nodes[0].writeTogether([change])
      async let second = nodes[1].writeTogether([change])
      let codes = await [first[0].code, second[0].code]
      #expect(codes.count { $0 == nil } == 1)
      #expect(codes.count { $0 == "schema_exists" } == 1)
    }
  }

  @Test func `what a batch makes goes to the tables in one order, whatever the calls' order`() async throws {
    let test = try TestStore(TestPostgres.newStore())
    let names = (0..<40).map { "note\($0)" }
    #expect(
      await test.writeTogether(names.shuffled().map { .creatingSchema($0, text: "{}") })
        .allSatisfy { $0.code == nil })
    // As they lie in the table's pages.
    #expect(try await test.rows("SELECT folded_name FROM extension_schema ORDER BY ctid") == names.sorted())
  }

  @Test(.timeLimit(.minutes(1))) func `a schema that one server creates is told to the others`() async throws
  {
    let place = try TestPostgres.newStore()
    let seen = Box(0)
    let first = try TestStore(place)
    let second = try TestStore(
      place,
      shared: { store in
        let schemas = (try? store.schemas().count) ?? 0
        seen.with { $0 = schemas }
        return true
      })
    // Its watcher has looked once.
    _ = try await first.start(customer: "A")
    try await second.run { await $0.waitForChange(after: 0) }
    _ = try await first.write(.creatingSchema("Note", text: "{}"))
    while seen.value == 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(seen.value == 1)
  }

  @Test(.timeLimit(.minutes(1))) func `who waits for a change is woken by another server's`() async throws {
    let place = try TestPostgres.newStore()
    let (first, second) = (try TestStore(place), try TestStore(place))
    let waiter = Task { try await second.run { await $0.waitForChange(after: 0) } }
    _ = try await first.start(customer: "A")
    try await waiter.value
    #expect(try await second.changes().map(\.sequence) == [1])
  }

  @Test(.timeLimit(.minutes(1)))
  func `connections that the database ends are made anew, and nothing is lost`()
    async throws
  {
    var place = try TestPostgres.newStore()
    place.connection += " application_name=ended"
    let test = try TestStore(place)
    let id = try await test.start(customer: "A")
    for round in 0..<10 {
      try TestPostgres.execute(
        place,
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'ended' AND pid <> pg_backend_pid()
        """)
      var kept = false
      while !kept {
        kept = await test.writeTogether([.associating(id, with: "\(round)")])[0].code == nil
      }
      var seen: ServiceRecord?
      while seen == nil { seen = try? await test.record(id) }
      #expect(try seen?.service.customerID == "\(round)")
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: ["sequence", "batch of %"])
  func `commits that the database has lost are told once, and no id is given out that it may give others`(
    counter: String
  ) async throws {
    var place = try TestPostgres.newStore()
    place.connection += " application_name='loses \(counter)'"
    let test = try TestStore(place)
    for _ in 0..<2 { _ = try await test.start(customer: "A") }
    try TestPostgres.execute(place, "UPDATE counter SET last = last - 1 WHERE name LIKE '\(counter)'")
    if counter == "sequence" { try TestPostgres.execute(place, "DELETE FROM change WHERE sequence = 2") }
    try TestPostgres.execute(
      place,
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'loses \(counter)' AND pid <> pg_backend_pid()
      """)
    let told = StoreNotice.commitsLost(newest: counter == "sequence" ? 1 : 2)
    while !test.notices.all.contains(told) { try await Task.sleep(for: .milliseconds(5)) }
    while test.store.health != .up { try await Task.sleep(for: .milliseconds(5)) }
    #expect(try await test.start(customer: "B").rawValue > 1000)
    // Both connections have been used by then.
    for _ in 0..<4 { _ = try await test.start(customer: "B") }
    #expect(test.notices.all.count { if case .commitsLost = $0 { true } else { false } } == 1)
  }

  @Test func `data of a newer server is refused and left as it is`() async throws {
    let place = try TestPostgres.newStore()
    do { _ = try await TestStore(place).start(customer: "A") }
    try TestPostgres.execute(place, "INSERT INTO liaison_schema VALUES (99)")
    let error = #expect(throws: StoreError.self) { try TestStore(place) }
    #expect(error?.kind == .newerSchema)
    #expect(error?.description.contains("version 99") == true)
    try TestPostgres.execute(place, "DELETE FROM liaison_schema WHERE version = 99")
    #expect(try await TestStore(place).ids(ofCustomer: "A") == [1])
  }

  @Test func `servers that start at once make the tables once`() async throws {
    let place = try TestPostgres.newStore()
    try await withThrowingTaskGroup { group in
      for _ in 0..<4 { group.addTask { _ = try TestStore(place) } }
      try await group.waitForAll()
    }
    #expect(
      try TestPostgres.rows(place, "SELECT version FROM liaison_schema")
        == (1...PostgresSchema.current).map { "\($0)" })
  }

  @Test func `a database that cannot be reached is refused with one line`() {
    let error = #expect(throws: StoreError.self) {
      try TestStore(PostgresOptions(connection: "postgres://127.0.0.1:1/none"))
    }
    #expect(error?.kind == .unreachable)
    #expect(error?.description.contains("127.0.0.1") == true)
    #expect(error?.description.contains("\n") == false)
  }

  @Test
  func
    `identification keys that two servers make at once have different ids, also one after another that is gone`()
    async throws
  {
    let place = try TestPostgres.newStore()
    let servers = [try TestStore(place), try TestStore(place)]
    var ids: [Int64] = []
    for round in 0..<4 {
      for (number, server) in servers.enumerated() {
        ids.append(
          try await server.run { store in
            let text = #"{"name":"k\#(round)of\#(number)","source":"profile","attributes":["Mail"]}"#
            let key = try IdentificationKey(decoding: JSONParser().parse(Array(text.utf8)).root)
            let made = try await store.write(
              CreateIdentificationKey(tenant: .single, key: key, at: Timestamp(milliseconds: 1)))
            if round % 2 == 0 {
              _ = try await store.write(
                DeleteIdentificationKey(tenant: .single, name: key.name, at: Timestamp(milliseconds: 1)))
            }
            return made.id
          })
      }
    }
    #expect(Set(ids).count == ids.count)
  }

  @Test func `interactions are found, settings are kept, and an erased person is gone from the sequence`()
    async throws
  {
    let place = try TestPostgres.newStore()
    let test = try TestStore(place)
    let id = try await test.start(customer: "ada", #"{"interaction_id":"I0"}"#)
    _ = try await test.associate(id, with: "ada", #"{"interaction_id":"I1"}"#)
    let other = try await test.start(customer: "ada", #"{"interaction_id":"I0"}"#)
    _ = try await test.associate(other, with: "eve")
    let named = try await test.run { store in
      try await store.write(KeepSetting("a", Array("1".utf8)))
      try await store.write(KeepSetting("a", Array("2".utf8)))
      return try await store.mentions(.interaction("I0"), tenant: .single)
    }
    #expect(named.map(\.service) == [id, other] && named.map(\.since.milliseconds) == [1000, 1000])
    let all = try await test.run { try await $0.mentions(.services([id, other]), tenant: .single) }
    #expect(all.map(\.interaction) == ["I0", "I1", "I0"])
    #expect(try TestStore(place).store.setting("a") == Array("2".utf8))
    let outcome = try await test.run { store in
      let former = try await store.formerServices(of: "ada", after: 0, tenant: .single)
      return try await store.write(
        EraseCustomer(
          tenant: .single, customer: "ada", formerServices: former.ids,
          idempotencyKeys: try await store.idempotencyKeys(naming: "ada", tenant: .single),
          at: Timestamp(milliseconds: 0)))
    }
    #expect(outcome.services == [id])
    let traces = try test.store.removeTraces(of: outcome.erasure)
    #expect(traces.entries > 0 && traces.services == [id])
    let left = try test.store.removeTraces(of: outcome.erasure)
    #expect(left.entries == 0 && left.services.isEmpty)
    let changes = try await test.changes()
    #expect(changes.map(\.sequence) == Array(1...6))
    #expect(!changes.contains { $0.customer == "ada" || $0.customerBefore == "ada" })
    #expect(
      changes.filter { $0.service == id }.allSatisfy { $0.interaction == nil && $0.event == Array("{}".utf8) }
    )
    #expect(try await test.run { try await $0.mentions(.interaction("I1"), tenant: .single) }.isEmpty)
    #expect(try await test.rows("SELECT customer FROM association") == ["eve"])
  }

  @Test func `of a batch in which the database refuses something only that call fails, clearly`() async throws
  {
    let test = try TestStore(TestPostgres.newStore())
    var ids: [ServiceID] = []
    for _ in 0..<40 { ids.append(try await test.start(customer: "A")) }
    let poison = Self.poison()
    for round in 0..<3 {
      let outcomes = await test.writeTogether(
        ids.enumerated().map { .associating($1, with: [3, 4, 17, 39].contains($0) ? poison : "B\(round)") })
      for (place, outcome) in outcomes.enumerated() {
        guard [3, 4, 17, 39].contains(place) else {
          #expect(try outcome.get().mapping?.revision == Int64(round) + 2)
          continue
        }
        guard case .failure(let error) = outcome else {
          Issue.record("the database has taken it")
          continue
        }
        #expect(error.status == 422 && error.code == "data_refused" && error.field == "customer_id")
        #expect(error.message.contains("service_of_customer"))
      }
    }
    #expect(test.store.health == .up && test.notices.all.isEmpty)
    #expect(try await test.ids(ofCustomer: "A").count == 4)
    #expect(try await test.ids(ofCustomer: "B2").count == 36)
    #expect(try await test.changes().map(\.sequence) == Array(1...(40 + 3 * 36)))
  }

  @Test func `batches that overlap keep each other's order, also where one of them is refused`() async throws
  {
    let test = try TestStore(TestPostgres.newStore(), options: StoreOptions(maximumBatch: 7))
    let id = try await test.start(customer: "A")
    let other = try await test.start(customer: "A")
    let outcomes = await test.writeTogether(
      (0..<100).map {
        $0 % 19 == 5
          ? .associating(other, with: Self.poison()) : .associating(id, with: "\($0)", #"{"Note":\#($0)}"#)
      })
    #expect(outcomes.count { $0.code == "data_refused" } == 5)
    #expect(outcomes.compactMap { try? $0.get().mapping?.revision } == Array(2...96))
    let record = try #require(try await test.record(id, .all))
    #expect(try record.service.customerID == "99" && record.revision == 96)
    #expect(record.extensionTexts == ["Note=99"])
    let changes = try await test.changes()
    #expect(changes.map(\.sequence) == Array(1...97))
    #expect(changes.dropFirst(2).map(\.revision) == Array(2...96))
  }

  /// What no index takes, not even compressed.
  static func poison() -> String {
    String((0..<4000).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement()! })
  }
}
