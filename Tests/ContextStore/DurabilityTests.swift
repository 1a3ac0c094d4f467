import ContextModel
import Testing

@testable import ContextStore

@Suite struct DurabilityTests {
  @Test(arguments: Backend.allCases)
  func `what was acknowledged is there after a kill`(_ backend: Backend) async throws {
    let test = try TestStore(on: backend)
    let id = try await test.start(customer: "A", #"{"Note":1}"#)
    for round in 1...20 { _ = try await test.associate(id, with: "customer \(round)") }
    // The files as they are while the store is open: nothing was closed or brought into the database.
    let after = try test.afterKill()
    #expect(try await after.ids(ofCustomer: "customer 20") == [id.rawValue])
    #expect(try await after.record(id, .all)?.extensionTexts == ["Note=1"])
    #expect(
      try await after.start(customer: "A").rawValue
        == id.rawValue + (backend == .postgres ? PostgresSchema.idsInBlock : 1))
    #expect(try await after.changes().map(\.sequence) == Array(1...22))
  }

  @Test(arguments: Backend.allCases)
  func `what was handed over before the close is committed, what comes later gets 503`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    _ = try await test.start(customer: "A")
    test.store.close()
    #expect(
      await test.writeTogether([.starting(.single, .starting(customer: "A", at: 1))]).map(\.code) == [
        "store_unavailable"
      ])
    await #expect(throws: ContextError.self) { try await test.record(ServiceID(1)!) }
    if backend == .embedded {
      #expect(test.folder.names.sorted() == ["journal", "liaison.lock", "liaison.sqlite"])
    } else {
      #expect(
        try TestPostgres.rows(#require(test.postgres), "SELECT name FROM counter ORDER BY name") == [
          "probe", "sequence", "shared", "store",
        ])
    }
    #expect(try await test.afterClose().ids(ofCustomer: "A") == [1])
  }

  @Test(arguments: Backend.allCases)
  func `an id is never given out twice, not even after the newest service is gone`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    for _ in 0..<3 { _ = try await test.start(customer: "A") }
    test.store.close()
    try test.execute("DELETE FROM service WHERE id = 3")
    #expect(try await test.afterClose().start(customer: "A").rawValue > 3)
  }

  @Test func `the log is brought into the database while writes go on, and its size stays bounded`()
    async throws
  {
    let test = try TestStore(options: StoreOptions(checkpointPages: 20))
    for round in 0..<60 {
      _ = await test.writeTogether(
        (0..<20).map { .starting(.single, .starting(customer: "\(round)", contactKey: "\($0)", at: 1)) })
    }
    #expect(try await test.rows("PRAGMA page_count").compactMap { Int($0) }[0] > 60)
    // Without checkpoints it would hold every page of every batch: several hundred.
    let log = try #require(Files.size("\(test.folder.path)/liaison.sqlite-wal"))
    #expect(log < 100 * 4120)
    #expect(try await test.rows("PRAGMA integrity_check") == ["ok"])
  }

  @Test(arguments: Backend.allCases, [StoreOptions.Durability.full, .relaxed])
  func `both kinds of durability keep what was written`(
    _ backend: Backend, _ durability: StoreOptions.Durability
  ) async throws {
    let test = try TestStore(on: backend, options: StoreOptions(durability: durability))
    _ = try await test.start(customer: "A")
    #expect(try await test.afterClose().ids(ofCustomer: "A") == [1])
  }
}
