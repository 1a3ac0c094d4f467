import ContextModel

/// The statements of the commit thread's connection. The transaction around them is the engine's. One thread at a time.
final class SQLiteWriter {
  let begin: SQLiteStatement
  let commit: SQLiteStatement
  let probe: SQLiteStatement
  let tables: SQLiteTables
  let lists: ServiceLists
  private let loadCounters: SQLiteStatement
  private let insertChange: SQLiteStatement
  private let updateCounter: SQLiteStatement
  private let trimChanges: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    begin = try connection.prepare("BEGIN IMMEDIATE")
    commit = try connection.prepare("COMMIT")
    probe = try connection.prepare("UPDATE counter SET last = last + 1 WHERE name = 'probe'")
    tables = try SQLiteTables(connection)
    lists = try ServiceLists(connection)
    loadCounters = try connection.prepare(
      "SELECT (SELECT last FROM counter WHERE name = 'service'), (SELECT max(sequence) FROM change)")
    insertChange = try connection.prepare(
      """
      INSERT INTO change (sequence, tenant, service, revision, kind, at, customer_before, customer, principal, event)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """)
    updateCounter = try connection.prepare("UPDATE counter SET last = ?1 WHERE name = 'service'")
    trimChanges = try connection.prepare("DELETE FROM change WHERE sequence >= ?1 AND sequence < ?2")
  }

  func counters() throws(StoreError) -> StoreCounters {
    guard try loadCounters.step() else { throw StoreError(.damaged, "the database has lost its counters") }
    defer { loadCounters.reset() }
    return StoreCounters(
      nextServiceID: loadCounters.integer(0) + 1, lastSequence: loadCounters.integer(1))
  }

  func save(_ batch: Batch) throws(StoreError) {
    for record in batch.puts { try tables[record.key.kind].save(record) }
    for key in batch.deletions { try tables[key.kind].delete(key) }
    for change in batch.changes { try save(change) }
    updateCounter.bind(1, batch.counters.nextServiceID - 1)
    try updateCounter.run()
  }

  /// Removes changes by their numbers.
  func trim(from first: Int64, upTo end: Int64) throws(StoreError) {
    trimChanges.bind(1, first)
    trimChanges.bind(2, end)
    try trimChanges.run()
  }

  private func save(_ change: Change) throws(StoreError) {
    insertChange.bind(1, change.sequence)
    insertChange.bind(2, change.tenant.rawValue)
    insertChange.bind(3, change.service?.rawValue)
    insertChange.bind(4, change.revision)
    insertChange.bind(5, change.kind.rawValue)
    insertChange.bind(6, change.at.milliseconds)
    insertChange.bind(7, change.customerBefore)
    insertChange.bind(8, change.customer)
    insertChange.bind(9, change.principal)
    try insertChange.run(borrowing: change.event, as: 10)
  }
}
