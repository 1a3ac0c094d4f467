import ContextModel

/// Writes a batch into the tables: everything in one round trip, the commit included. One thread at a time.
final class PostgresWriter {
  private let documents: DocumentReader

  init(_ documents: DocumentReader) { self.documents = documents }

  private static let commits = PostgresStatement("commit", "COMMIT")
  // From here to the commit other batches that have changes wait.
  private static let counts = PostgresStatement(
    "count", "UPDATE counter SET last = last + $1 WHERE name = 'sequence' RETURNING last")
  private static let change: [PostgresColumn] = [
    .integer("place"), .integer("tenant"), .integer("service"), .integer("revision"), .text("kind"),
    .integer("at"),
    .text("customer_before"), .text("customer"), .text("interaction"), .text("principal"), .text("event"),
  ]
  private static let insertsChanges = PostgresStatement(
    "insert-change",
    """
    INSERT INTO change (sequence, \(change.dropFirst().map(\.name).joined(separator: ", ")))
    SELECT last + place, \(change.dropFirst().map(\.name).joined(separator: ", "))
    FROM \(PostgresTable.rows(change)), counter c WHERE c.name = 'sequence'
    """)
  // Other nodes look at once instead of soon.
  private static let notifies = PostgresStatement(
    "notify", "SELECT pg_notify(\(PostgresWatcher.channel), '')")
  private static let countsShared = PostgresStatement(
    "count-shared", "UPDATE counter SET last = last + 1 WHERE name = 'shared'")

  private static let signs = PostgresStatement(
    "sign-batch",
    "INSERT INTO counter VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET last = excluded.last")

  /// Writes a batch and commits it.
  ///
  /// - Parameter number: what `signature` counts to with this batch, so that it can be told later whether it was committed.
  /// - Returns: the number of the newest change; 0 if there is no change in the batch.
  func commit(
    _ batch: Batch, _ signature: String, _ number: Int64, on connection: PostgresConnection
  ) throws(StoreError) -> Int64 {
    // Of what they answer nothing is of interest.
    var statements = try saveServices(batch, on: connection)
    try connection.flush()
    statements += try saveOthers(batch, on: connection)
    try connection.send(Self.signs, .text(signature), .integer(number))
    statements += 1
    if batch.changesWhatNodesShare {
      try connection.send(Self.countsShared)
      try connection.send(Self.notifies)
      statements += 2
    }
    let hasChanges = !batch.changes.isEmpty
    if hasChanges {
      try connection.send(Self.counts, .integer(Int64(batch.changes.count)))
      try connection.send(Self.insertsChanges, Self.parameters(batch.changes))
    }
    try connection.send(Self.commits)
    try connection.synchronize()
    try connection.pass(statements)
    var last: Int64 = 0
    if hasChanges {
      last = try connection.take().integer(0, 0)
      try connection.pass(1)
    }
    try connection.pass(1)
    try connection.takeEnd()
    return last
  }

  /// Services, what belongs to them, and what became of them.
  ///
  /// - Returns: how many statements were queued.
  private func saveServices(_ batch: Batch, on connection: PostgresConnection) throws(StoreError) -> Int {
    var statements = try PostgresServices.save(batch.puts, on: connection, documents)
    let deleted = batch.deletions.filter { $0.kind == .service }.map(\.service)
    if !deleted.isEmpty {
      try connection.send(PostgresServices.delete, PostgresServices.parameter(deleted))
      statements += 1
    }
    let kinds = batch.kinds
    for kind in Self.ofServices where kinds.contains(kind) {
      statements += try save(batch, kind, on: connection)
    }
    return try statements + PostgresHistory.save(batch, on: connection)
  }

  /// What lies behind the lock of its service.
  private static let ofServices: [RecordKey.Kind] = [.extension, .state, .task]

  /// - Returns: how many statements were queued.
  private func saveOthers(_ batch: Batch, on connection: PostgresConnection) throws(StoreError) -> Int {
    var statements = 0
    let kinds = batch.kinds.subtracting(Self.ofServices)
    for kind in RecordKey.Kind.allCases where kinds.contains(kind) {
      statements += try save(batch, kind, on: connection)
    }
    return statements
  }

  private func save(
    _ batch: Batch, _ kind: RecordKey.Kind, on connection: PostgresConnection
  ) throws(StoreError) -> Int {
    guard let table = PostgresTables[kind] else { return 0 }
    let deleted = batch.deletions.filter { $0.kind == kind }
    // In one order, so that two servers that make the same things wait for each other in no circle: nothing locks these.
    let made = batch.puts.filter { $0.key.kind == kind && $0.isNew }.sorted { $0.key.comesBefore($1.key) }
    let changed = batch.puts.filter { $0.key.kind == kind && !$0.isNew }
    if !deleted.isEmpty { try connection.send(table.delete, table.parameters(deleted)) }
    if !made.isEmpty { try connection.send(table.insert, table.parameters(made, documents)) }
    if !changed.isEmpty { try connection.send(table.update, table.parameters(changed, documents)) }
    return [deleted.isEmpty, made.isEmpty, changed.isEmpty].count { !$0 }
  }

  private static func parameters(_ changes: [Change]) -> [PostgresParameter] {
    var arrays = [PostgresArray](of: change, rows: changes.count)
    for place in changes.indices {
      // The counter has been moved already.
      changes.bind(place, to: &arrays, number: Int64(place - changes.count + 1))
    }
    return arrays.finish()
  }
}

extension [Change] {
  /// Appends the values of one of them to the arrays of the table's columns.
  func bind(_ place: Int, to arrays: inout [PostgresArray], number: Int64) {
    arrays[0].append(number)
    arrays[1].append(self[place].tenant.rawValue)
    arrays[2].append(self[place].service?.rawValue)
    arrays[3].append(self[place].revision)
    arrays[4].append(self[place].kind.rawValue)
    arrays[5].append(self[place].at.milliseconds)
    arrays[6].append(self[place].customerBefore)
    arrays[7].append(self[place].customer)
    arrays[8].append(self[place].interaction)
    arrays[9].append(self[place].principal)
    arrays[10].append(utf8: self[place].event)
  }
}

extension Batch {
  /// Whether it changes what every node keeps in mind.
  fileprivate var changesWhatNodesShare: Bool {
    puts.contains { $0.key.kind == .schema || $0.key.kind == .setting }
      || deletions.contains { $0.kind == .schema }
  }
}
