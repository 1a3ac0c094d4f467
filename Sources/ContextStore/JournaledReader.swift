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
  /// Whether the tables are read as of one moment.
  private var hasBegun = false

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

  // The tables' moment begins when they are first asked: whatever the overlay did not have before is in them by then.
  func begin() throws(StoreError) {}

  func end() {
    if hasBegun { tables.end() }
    hasBegun = false
  }

  private func beginTables() throws(StoreError) -> SQLiteReader {
    if !hasBegun { try tables.begin() }
    hasBegun = true
    return tables
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    if let location = overlay.location(of: key) { return try records.record(location) }
    return try beginTables().record(key)
  }

  /// A service, whosever it is; `nil` if there is none.
  func service(_ id: Int64) throws(StoreError) -> Service? {
    if let location = overlay.location(of: RecordKey(.service, .single, service: id)) {
      return try service(at: location)
    }
    return try serviceInTables(id)
  }

  /// The service at a location that the overlay gave.
  func service(at location: Location) throws(StoreError) -> Service? {
    try records.service(location, documents)
  }

  /// A service that the overlay does not know.
  func serviceInTables(_ id: Int64) throws(StoreError) -> Service? {
    guard let record = try beginTables().record(RecordKey(.service, .single, service: id)) else { return nil }
    return try documents.requiredService(record, id)
  }

  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] {
    let newer = overlay.parts(kind, of: service.rawValue)
    let older = try beginTables().records(kind, of: service, tenant: tenant)
    guard !newer.isEmpty else { return older }
    let known = Set(newer.map(\.0))
    var found = older.filter { !known.contains($0.key) }
    for (key, location) in newer where key.tenant == tenant {
      if let record = try records.record(location) { found.append(record) }
    }
    return found.sorted { ($0.key.number, $0.key.name) < ($1.key.number, $1.key.name) }
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] {
    let newer = overlay.services(of: query.owner.hash(query.tenant))
    var older = try beginTables().services(query)
    let known = overlay.known(older.map(\.key.service))
    if !known.isEmpty { older.removeAll { known.contains($0.key.service) } }
    guard !newer.isEmpty else { return older }
    var found: [(startedAt: Timestamp, Record)] = []
    for (id, location) in newer {
      guard let record = try records.record(location), record.key.tenant == query.tenant else { continue }
      let service = try documents.requiredService(record, id)
      if query.owner.has(service), query.filter.lets(service) { found.append((service.startedAt, record)) }
    }
    guard !found.isEmpty else { return older }
    for record in older {
      found.append((try documents.requiredService(record, record.key.service).startedAt, record))
    }
    return found.sorted { ($0.startedAt, $0.1.key.service) < ($1.startedAt, $1.1.key.service) }.map(\.1)
  }

  func changes(after sequence: Int64, limit: Int) throws(StoreError) -> [Change]? {
    try self.sequence.changes(after: sequence, limit: limit)
  }

  func associations(of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Association] {
    try beginTables().associations(of: service, tenant: tenant)
  }

  func customers(
    key: Int64, from first: String, to end: String, tenant: Tenant, limit: Int
  ) throws(StoreError) -> [(name: String, customer: String)] {
    try beginTables().customers(key: key, from: first, to: end, tenant: tenant, limit: limit)
  }

  func profiles(after customer: String, tenant: Tenant, limit: Int) throws(StoreError) -> [Record] {
    try beginTables().profiles(after: customer, tenant: tenant, limit: limit)
  }

  func walk() throws(StoreError) -> ServiceWalk { try beginTables().walk }

  func schemas() throws(StoreError) -> [StoredSchema] {
    try settle()
    return try beginTables().schemas()
  }
}
