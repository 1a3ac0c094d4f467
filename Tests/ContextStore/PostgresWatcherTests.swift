import Testing

@testable import ContextStore

/// What a server sees of others, and removes behind them.
@Suite(.enabled(if: TestPostgres.isInstalled, "PostgreSQL is not installed (package postgresql)"))
struct PostgresWatcherTests {
  private func newTables() throws -> PostgresOptions {
    let place = try TestPostgres.newStore()
    try PostgresSchema.migrate(place)
    return place
  }

  @Test(.timeLimit(.minutes(1)))
  func `what was changed before the first look is told, and again until it is taken in`() async throws {
    let place = try newTables()
    try TestPostgres.execute(place, "UPDATE counter SET last = 1 WHERE name = 'shared'")
    let told = Box(0)
    let looks = Box(0)
    let watcher = PostgresWatcher(place, changesKept: 10, seen: (sequence: 0, shared: 0))
    defer { watcher.stop() }
    watcher.start { news in
      switch news {
      case .shared:
        told.with { $0 += 1 }
        return told.value >= 2
      case .commits: looks.with { $0 += 1 }
      default: break
      }
      return true
    }
    while looks.value < 4 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(told.value == 2)
  }

  @Test(.timeLimit(.minutes(1)))
  func `old changes go as fast as they come, however many there are`() async throws {
    let place = try newTables()
    try TestPostgres.execute(
      place,
      """
      WITH made AS (
        INSERT INTO change (sequence, tenant, kind, at, event)
        SELECT n, 1, 'setting', 0, '' FROM generate_series(1, 100000) n)
      UPDATE counter SET last = 100000 WHERE name = 'sequence'
      """)
    let watcher = PostgresWatcher(place, changesKept: 7, seen: (sequence: 0, shared: 0))
    defer { watcher.stop() }
    watcher.start { _ in true }
    while try TestPostgres.rows(place, "SELECT count(*) FROM change") != ["7"] {
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func
    `the counter of a server that commits nothing any more is removed, others stay, and lanes count together`()
    async throws
  {
    let place = try newTables()
    try TestPostgres.execute(
      place,
      "INSERT INTO counter VALUES ('batch of dead/0', 7), ('batch of alive/0', 1), ('batch of alive/1', 4), ('other', 1)"
    )
    let watcher = PostgresWatcher(place, changesKept: 7, seen: (sequence: 0, shared: 0), longestSilence: 3)
    defer { watcher.stop() }
    let looks = Box<[[String: Int64]]>([])
    watcher.start { news in
      if case .commits(let found) = news {
        looks.with { $0.append(found) }
        // Between two looks, however late the tasks of tests are.
        try? TestPostgres.execute(
          place, "UPDATE counter SET last = last + 1 WHERE name LIKE 'batch of alive/_'")
      }
      return true
    }
    while looks.value.first?["dead"] == nil || looks.value.last?["dead"] != nil {
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(looks.value.first?["alive"] == 5)
    #expect(looks.value.last?["alive"] ?? 0 > 5)
    #expect(try TestPostgres.rows(place, "SELECT FROM counter WHERE name = 'other'").count == 1)
  }
}
