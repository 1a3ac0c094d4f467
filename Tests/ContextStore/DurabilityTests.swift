import ContextModel
import Testing

@testable import ContextStore

@Suite struct DurabilityTests {
  @Test func `what was acknowledged is there after a kill`() async throws {
    let test = try TestStore()
    let id = try await test.start(customer: "A", #"{"Note":1}"#)
    for round in 1...20 { _ = try await test.associate(id, with: "customer \(round)") }
    // The files as they are while the store is open: nothing was closed or brought into the database.
    let after = try TestStore(test.folder.copy())
    #expect(try await after.ids(ofCustomer: "customer 20") == [id.rawValue])
    #expect(try await after.record(id, .all)?.extensionTexts == ["Note=1"])
    #expect(try await after.start(customer: "A").rawValue == id.rawValue + 1)
    #expect(try await after.changes().map(\.sequence) == Array(1...22))
  }

  @Test func `what was handed over before the close is committed, what comes later gets 503`() async throws {
    let folder = TemporaryFolder()
    let test = try TestStore(folder)
    _ = try await test.start(customer: "A")
    test.store.close()
    #expect(
      await test.writeTogether([.starting(.single, .starting(customer: "A", at: 1))]).map(\.code) == [
        "store_unavailable"
      ])
    await #expect(throws: ContextError.self) { try await test.record(ServiceID(1)!) }
    #expect(folder.names.sorted() == ["journal", "liaison.lock", "liaison.sqlite"])
    let after = try TestStore(folder)
    #expect(try await after.ids(ofCustomer: "A") == [1])
  }

  @Test func `an id is never given out twice, not even after the newest service is gone`() async throws {
    let folder = TemporaryFolder()
    do {
      let test = try TestStore(folder)
      for _ in 0..<3 { _ = try await test.start(customer: "A") }
    }
    _ = try rowsOfFile("\(folder.path)/liaison.sqlite", "DELETE FROM service WHERE id = 3")
    let test = try TestStore(folder)
    #expect(try await test.start(customer: "A").rawValue == 4)
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

  @Test(arguments: [StoreOptions.Durability.full, .relaxed])
  func `both kinds of durability keep what was written`(_ durability: StoreOptions.Durability) async throws {
    let folder = TemporaryFolder()
    do {
      let test = try TestStore(folder, options: StoreOptions(durability: durability))
      _ = try await test.start(customer: "A")
    }
    #expect(try await TestStore(folder).ids(ofCustomer: "A") == [1])
  }
}
