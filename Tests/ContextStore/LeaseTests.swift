import Testing

@testable import ContextStore

/// What one of all servers of a store does at a time.
@Suite(.timeLimit(.minutes(1))) struct LeaseTests {
  @Test(arguments: Backend.allCases)
  func `a lease comes to the only server, and of two of one name the later one waits`(_ backend: Backend)
    async throws
  {
    let server = try TestStore(on: backend)
    let store = server.store
    defer { server.store.close() }
    let leases = [store.lease("work"), store.lease("work"), store.lease("other work")]
    var turns = leases.map { $0.turns.makeAsyncIterator() }
    #expect(await turns[0].next() == true)
    #expect(await turns[2].next() == true)
    let isFirst = Box(true)
    let second = Task {
      for await isHeld in leases[1].turns { return isHeld && !isFirst.value }
      return false
    }
    isFirst.with { $0 = false }
    leases[0].end()
    leases[0].end()
    #expect(await second.value)
    #expect(await turns[0].next() == nil)
    store.close()
    #expect(await turns[2].next() == nil)
    var late = store.lease("work").turns.makeAsyncIterator()
    #expect(await late.next() == nil)
  }

  @Test(arguments: Backend.allCases)
  func `what was wanted and is not any more is there for the next one`(_ backend: Backend) async throws {
    let server = try TestStore(on: backend)
    let store = server.store
    defer { server.store.close() }
    for _ in 0..<20 { store.lease("work").end() }
    var turns = store.lease("work").turns.makeAsyncIterator()
    #expect(await turns.next() == true)
  }
}

/// The same with several servers.
@Suite(
  .timeLimit(.minutes(1)),
  .enabled(if: TestPostgres.isInstalled, "PostgreSQL is not installed (package postgresql)"))
struct PostgresLeaseTests {
  @Test func `one server at a time has a lease, and all get it in turn`() async throws {
    let place = try TestPostgres.newStore()
    let servers = try (0..<3).map { _ in try TestStore(place) }
    defer { for server in servers { server.store.close() } }
    let holders = Box(0)
    let turns = await withTaskGroup { group in
      for (number, server) in servers.enumerated() {
        let lease = server.store.lease("work")
        group.addTask {
          for await isHeld in lease.turns where isHeld {
            let isAlone = holders.with {
              $0 += 1
              return $0 == 1
            }
            // Whoever gets two other leases has asked for this one as well in between.
            for round in 1...2 {
              for other in servers {
                let probe = other.store.lease("probe \(number) \(round)")
                for await isHeld in probe.turns where isHeld { probe.end() }
              }
            }
            holders.with { $0 -= 1 }
            lease.end()
            return isAlone
          }
          return false
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(turns == [true, true, true])
  }

  @Test func `stores in other schemas have leases of their own`() async throws {
    let servers = [try TestStore(TestPostgres.newStore()), try TestStore(TestPostgres.newStore())]
    defer { for server in servers { server.store.close() } }
    for server in servers {
      var turns = server.store.lease("work").turns.makeAsyncIterator()
      #expect(await turns.next() == true)
    }
  }

  @Test func `a server that ends leaves its leases to another one`() async throws {
    let place = try TestPostgres.newStore()
    let (first, second) = (try TestStore(place), try TestStore(place))
    defer { second.store.close() }
    var turns = first.store.lease("work").turns.makeAsyncIterator()
    #expect(await turns.next() == true)
    var others = second.store.lease("work").turns.makeAsyncIterator()
    first.store.close()
    #expect(await turns.next() == nil)
    #expect(await others.next() == true)
  }

  @Test func `a lease is lost with the connection, and asked for anew`() async throws {
    var place = try TestPostgres.newStore()
    place.connection += " application_name=leases"
    let server = try TestStore(place)
    defer { server.store.close() }
    var turns = server.store.lease("work").turns.makeAsyncIterator()
    #expect(await turns.next() == true)
    let ended = try TestPostgres.rows(
      place,
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'leases' AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1)
      """)
    #expect(ended == ["t"])
    #expect(await turns.next() == false)
    #expect(await turns.next() == true)
  }
}
