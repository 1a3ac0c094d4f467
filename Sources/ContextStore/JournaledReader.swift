import ContextModel

/// Reads the journal's newest records through the overlay, and everything else from the tables. One thread at a time.
final class JournaledReader: StoreReader {
  private let overlay: Overlay
  private let records: RecordReader
  private let tables: SQLiteReader
  /// `nil` on the commit thread, which must not wait for a fold.
  private let worker: FoldWorker?
  private let documents = DocumentReader()
  private let sequence: ChangeReader
  /// How many folds the tables had seen when the moment began as of which they are read; `nil` if none has.
  private var begun: Int?

  init(journal: Journal, overlay: Overlay, tables: SQLiteReader, worker: FoldWorker?) {
    self.overlay = overlay
    records = RecordReader(journal)
    sequence = ChangeReader(journal)
    self.tables = tables
    self.worker = worker
  }

  func settle() throws(StoreError) {
    end()
    try worker?.settle()
  }

  func settledRecords() throws(StoreError) -> any RecordSource {
    try settle()
    return try settledTables()
  }

  // The tables' moment begins when they are first asked, and again when the overlay may have let go of something since:
  // whatever it does not know is in them.
  func begin() throws(StoreError) {}

  var readsOneMoment: Bool { false }

  // A record is as near as a list of them.
  func expect(_ services: @autoclosure () -> [Int64]) throws(StoreError) {}

  func end() {
    if begun != nil { tables.end() }
    begun = nil
  }

  /// The tables as of a moment after so many folds.
  private func tables(after folds: Int) throws(StoreError) -> SQLiteReader {
    if let begun, begun < folds { end() }
    if begun == nil {
      // Counted first: a fold in between does no harm.
      let folds = overlay.foldCount
      try tables.begin()
      begun = folds
    }
    return tables
  }

  /// The tables as they are, for those who have settled before.
  private func settledTables() throws(StoreError) -> SQLiteReader { try tables(after: overlay.foldCount) }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    var (location, folds) = overlay.location(of: key)
    while let found = location {
      if records.canRead(found) { return try records.record(found) }
      // Folded and removed since.
      (location, folds) = overlay.location(of: key)
    }
    return try tables(after: folds).record(key)
  }

  /// A service, whosever it is; `nil` if there is none.
  func service(_ id: Int64) throws(StoreError) -> Service? {
    let (location, folds) = overlay.location(of: RecordKey(.service, .single, service: id))
    var found: Service?
    try read(id, at: location, after: folds, into: &found)
    return found
  }

  /// Reads a service, whosever it is; `nil` if there is none.
  ///
  /// - Parameters:
  ///   - location: what the overlay has said; `nil` if it does not know the service.
  ///   - folds: what it has said of the tables.
  func read(
    _ id: Int64, at location: Location?, after folds: Int, into found: inout Service?
  ) throws(StoreError) {
    if let location {
      guard records.canRead(location) else { return found = try service(id) }
      return try records.read(location, documents, into: &found)
    }
    let key = RecordKey(.service, .single, service: id)
    guard let record = try tables(after: folds).record(key) else { return found = nil }
    found = try documents.requiredService(record, id)
  }

  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] {
    let (newer, unfolded) = overlay.parts(kind, of: service.rawValue)
    let older = try tables(after: unfolded.folds).records(kind, of: service, tenant: tenant)
    guard !newer.isEmpty else { return older }
    let known = Set(newer.map(\.0))
    var found = older.filter { !known.contains($0.key) }
    for (key, location) in newer where key.tenant == tenant {
      let record = records.canRead(location) ? try records.record(location) : try record(key)
      if let record { found.append(record) }
    }
    return found.sorted { $0.key.comesBefore($1.key) }
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] {
    var (changed, unfolded) = overlay.services(of: query.owner.hash(query.tenant))
    var found: [ServiceLists.Row] = []
    for id in changed { if let row = try row(id, query) { found.append(row) } }
    var rest = query
    while true {
      let rows = try tables(after: unfolded.folds).services(rest)
      let old = overlay.knows(rows.map(\.place.id), in: unfolded)
      for row in rows {
        // What has changed may be another owner's now, or may have come to this one after the look at the overlay.
        if !old.contains(row.place.id) {
          found.append(row)
        } else if changed.insert(row.place.id).inserted, let row = try self.row(row.place.id, query) {
          found.append(row)
        }
      }
      guard let limit = rest.filter.limit, rows.count == limit, !old.isEmpty, let last = rows.last else {
        break
      }
      rest.behind = last.place
      rest.filter.limit = old.count
    }
    return found.sorted { $0.place < $1.place }.prefix(query.filter.limit ?? .max).map(\.record)
  }

  /// A service as it is now, if a list shows it.
  private func row(_ id: Int64, _ query: ServiceQuery) throws(StoreError) -> ServiceLists.Row? {
    guard let record = try record(RecordKey(.service, query.tenant, service: id)),
      record.key.tenant == query.tenant
    else { return nil }
    let service = try documents.requiredService(record, id)
    return query.wants(service) ? (ServiceQuery.Place(of: service), record) : nil
  }

  func changes(after sequence: Int64, limit: Int) throws(StoreError) -> [Change]? {
    try self.sequence.changes(after: sequence, limit: limit)
  }

  func associations(of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Association] {
    try settledTables().associations(of: service, tenant: tenant)
  }

  func mentions(
    _ query: InteractionMention.Query, tenant: Tenant
  ) throws(StoreError) -> [InteractionMention] {
    try settledTables().mentions(query, tenant: tenant)
  }

  func customers(
    key: Int64, from first: String, to end: String, tenant: Tenant, limit: Int
  ) throws(StoreError) -> [(name: String, customer: String)] {
    guard !first.isEmpty else {
      return try settledTables().customers(key: key, from: first, to: end, tenant: tenant, limit: limit)
    }
    let bucket = Identity.bucket(of: first, key: key, tenant: tenant)
    let (all, unfolded) = overlay.parts(.identity, of: bucket)
    let newer = all.filter { entry, _ in
      entry.number == key && entry.tenant == tenant && entry.name >= first && entry.name < end
    }
    var found = try tables(after: unfolded.folds).customers(
      key: key, from: first, to: end, tenant: tenant, limit: limit + newer.count)
    guard !newer.isEmpty else { return found }
    let known = Set(newer.map(\.0))
    found.removeAll { known.contains(.identity($0.name, key: key, tenant: tenant)) }
    for (entry, location) in newer {
      guard let record = records.canRead(location) ? try records.record(location) : try record(entry) else {
        continue
      }
      found.append((entry.name, String(decoding: record.document, as: UTF8.self)))
    }
    return Array(found.sorted { $0.name < $1.name }.prefix(limit))
  }

  func profiles(after customer: String, tenant: Tenant, limit: Int) throws(StoreError) -> [Record] {
    try settledTables().profiles(after: customer, tenant: tenant, limit: limit)
  }

  func tenantsWithKeys() throws(StoreError) -> [Tenant] {
    try settledTables().profileLists.tenantsWithKeys()
  }

  func services(after id: Int64, tenant: Tenant, limit: Int) throws(StoreError) -> [Record] {
    try settledTables().walk.services(after: id, tenant: tenant, limit: limit)
  }

  func dueServices(at moment: Timestamp, limit: Int) throws(StoreError) -> [(Tenant, ServiceID)] {
    try settledTables().walk.dueServices(at: moment, limit: limit)
  }

  func idempotencyKeys(
    before moment: Timestamp, limit: Int
  ) throws(StoreError) -> [(tenant: Tenant, key: String)] {
    try settledTables().walk.idempotencyKeys(before: moment, limit: limit)
  }

  func idempotencyKeys(naming customer: String, tenant: Tenant) throws(StoreError) -> [String] {
    try settledTables().walk.idempotencyKeys(naming: customer, tenant: tenant)
  }

  func services(
    associatedWith customer: String, after service: Int64, tenant: Tenant, limit: Int
  ) throws(StoreError) -> (ids: [ServiceID], last: Int64?) {
    try settledTables().walk.services(
      associatedWith: customer, after: service, tenant: tenant, limit: limit)
  }

  // Not settled first: a server that starts after a crash would wait for the fold of all that it left behind.
  func schemas() throws(StoreError) -> [StoredSchema] {
    let (newer, unfolded) = overlay.records(of: .schema)
    var schemas: [RecordKey: StoredSchema] = [:]
    for schema in try tables(after: unfolded.folds).schemas() {
      schemas[.schema(schema.name, of: schema.owner, tenant: schema.tenant)] = schema
    }
    for (key, location) in newer {
      let record = records.canRead(location) ? try records.record(location) : try record(key)
      guard let owner = SchemaCatalog.Owner(number: key.number) else { continue }
      schemas[key] = record.map {
        StoredSchema(tenant: key.tenant, owner: owner, name: $0.name, text: $0.document)
      }
    }
    return schemas.sorted { $0.key.comesBefore($1.key) }.map(\.value)
  }
}
