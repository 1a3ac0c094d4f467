import ContextModel
import Testing

@testable import ContextStore

@Suite struct FollowingTests {
  @Test(arguments: Backend.allCases)
  func `a follower reads the sequence in pieces, whether it is folded or not`(_ backend: Backend) async throws
  {
    let test = try TestStore(on: backend, options: StoreOptions(foldAfter: 3_600_000))
    for round in 0..<10 {
      _ = await test.writeTogether(
        (0..<30).map { .starting(.single, .starting(customer: "\($0)", at: Int64(round))) })
      if round == 4 { try await test.run { try await $0.settle() } }
    }
    var position: Int64 = 0
    var read: [Int64] = []
    while true {
      let changes = try await test.changes(after: position, limit: 7)
      guard let last = changes.last else { break }
      read += changes.map(\.sequence)
      position = last.sequence
    }
    #expect(read == Array(1...300))
    #expect(test.store.newestChange == 300)
  }

  @Test(arguments: Backend.allCases)
  func `a follower's position is kept across restarts and is no change itself`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend, options: StoreOptions(foldAfter: 3_600_000))
    _ = try await test.start(customer: "A")
    #expect(try await test.run { try await $0.position(of: "webhook") } == nil)
    for position: Int64 in [1, 5, 9] {
      try await test.run { try await $0.write(KeepPosition(follower: "webhook", sequence: position)) }
    }
    #expect(try await test.run { try await $0.position(of: "webhook") } == 9)
    let after = try test.afterKill()
    #expect(try await after.run { try await $0.position(of: "webhook") } == 9)
    #expect(try await after.rows("SELECT name, sequence FROM follower") == ["webhook|9"])
    #expect(try await after.run { try await $0.position(of: "webhook") } == 9)
    #expect(try await after.changes().map(\.sequence) == [1])
  }

  @Test(.timeLimit(.minutes(1)), arguments: Backend.allCases)
  func `who waits for a change is woken by the next one, and by the end`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend, loops: 2)
    let waiter = Task { try await test.run(on: 1) { store in await store.waitForChange(after: 0) } }
    _ = try await test.start(customer: "A")
    try await waiter.value
    try await test.run { store in await store.waitForChange(after: 0) }
    let last = Task { try await test.run(on: 1) { store in await store.waitForChange(after: 1) } }
    test.store.close()
    try await last.value
  }

  @Test(.timeLimit(.minutes(1)), arguments: Backend.allCases)
  func `a wait ends when its task is cancelled, before or while it waits`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend, loops: 2)
    let (store, loop) = (test.store, test.loops[1])
    for round in 0..<20 {
      let waiter = Task(executorPreference: loop) { await store.waitForChange(after: 0) }
      if round % 2 == 0 { try await test.run(on: 1) { _ in } }
      waiter.cancel()
      await waiter.value
    }
  }
}
