import ContextModel
import EventLoop

/// The body of a reader thread: takes the reads that have gathered and answers them from one moment of the store,
/// chosen after they were taken. So a read sees every write that was acknowledged before it was asked.
final class ReadWorker: @unchecked Sendable {
  private let reader: any StoreReader
  private let mailbox: Mailbox<PendingRead>
  private let loops: [EventLoop]
  private let documents = DocumentReader()
  private let view: StoreView

  /// A batch is answered as a whole, so a large one would make its first reads wait for its last.
  private static let maximumBatch = 64

  init(reader: any StoreReader, mailbox: Mailbox<PendingRead>, loops: [EventLoop]) {
    self.reader = reader
    view = StoreView(reader: reader, documents: documents)
    self.mailbox = mailbox
    self.loops = loops
  }

  /// Works until the mailbox is closed and empty.
  func run() {
    var batch: [PendingRead] = []
    while mailbox.take(into: &batch, atMost: Self.maximumBatch) == .some {
      answer(batch)
      loops.deliver(batch)
      batch.removeAll(keepingCapacity: true)
    }
  }

  private func answer(_ batch: [PendingRead]) {
    do throws(StoreError) {
      if batch.contains(where: { $0.request.settlesFirst }) { try reader.settle() }
      try reader.begin()
      if batch.count > 1 { try reader.expect(batch.flatMap(\.request.services)) }
    } catch {
      for pending in batch { pending.fail(.storeUnavailable(error.kind.words)) }
      return
    }
    defer { reader.end() }
    for pending in batch {
      do throws(StoreError) {
        pending.outcome = .success(try answer(pending.request))
      } catch {
        pending.fail(.storeUnavailable(error.kind.words))
      }
    }
  }

  private func answer(_ request: PendingRead.Request) throws(StoreError) -> PendingRead.Answer {
    switch request {
    case .service(let id, let tenant, let extensions, let parts):
      guard let record = try record(.service(id, tenant: tenant)) else { return .service(nil) }
      return .service(try view.service(record, id, extensions, parts))
    case .services(let query): return .services(try view.services(query))
    case .associations(let id, let tenant): return .associations(try associations(of: id, tenant))
    case .mentions(let query, let tenant): return .mentions(try reader.mentions(query, tenant: tenant))
    case .scan(let scan): return .scanned(try view.page(scan))
    case .due(let moment, let limit):
      return .due(try reader.dueServices(at: moment, limit: limit))
    case .idempotencyKeys(let moment, let limit):
      return .keys(try reader.idempotencyKeys(before: moment, limit: limit))
    case .keysNaming(let customer, let tenant):
      return .names(try reader.idempotencyKeys(naming: customer, tenant: tenant))
    case .formerServices(let customer, let service, let tenant):
      let found = try reader.services(
        associatedWith: customer, after: service, tenant: tenant, limit: 10 * ServiceScan.size)
      return .scanned(ServiceScan.Page(ids: found.ids, next: found.last))
    case .profile(let customer, let tenant):
      guard let record = try record(.profile(customer, tenant: tenant)) else { return .profiles([]) }
      return .profiles([try profile(record)])
    case .profiles(let customer, let tenant, let limit):
      var profiles: [ProfileRecord] = []
      for record in try reader.profiles(after: customer, tenant: tenant, limit: limit) {
        profiles.append(try profile(record))
      }
      return .profiles(profiles)
    case .identificationKeys(let tenant):
      let record = try record(.identificationKeys(tenant: tenant))
      return .identificationKeys(record.flatMap { documents.identificationKeys($0) } ?? StoredKeys())
    case .tenantsWithKeys: return .tenants(try reader.tenantsWithKeys())
    case .customers(let key, let values, let tenant, let limit):
      return .candidates(try customers(key, values, tenant, limit))
    case .identities(let key, let tenant, let limit):
      let all = try reader.customers(key: key, from: "", to: Identity.bound([]), tenant: tenant, limit: limit)
      return .names(all.map(\.name))
    case .parts(let query): return .parts(try view.parts(query))
    case .mappings(let ids):
      var mappings: [Mapping] = []
      mappings.reserveCapacity(ids.count)
      for (tenant, id) in ids {
        guard let record = try record(.service(id, tenant: tenant)) else { continue }
        let service = try documents.requiredService(record, id.rawValue)
        mappings.append(Mapping(of: service, document: record.document))
      }
      return .mappings(mappings)
    case .mappingsOfAnyTenant(let ids):
      var mappings: [Mapping] = []
      for id in ids {
        guard let record = try reader.record(.service(id, tenant: .single)) else { continue }
        let service = try documents.requiredService(record, id.rawValue)
        mappings.append(Mapping(of: service, document: record.document))
      }
      return .mappings(mappings)
    case .record(let key): return .records(try record(key).map { [$0] } ?? [])
    case .records(let kind, let id, let tenant):
      return .records(try reader.records(kind, of: id, tenant: tenant))
    case .changes(let sequence, let limit):
      return .changes(try reader.changes(after: sequence, limit: limit))
    case .settle:
      // It has been done for the whole batch.
      return .settled
    }
  }

  /// A record of the tenant that asks.
  private func record(_ key: RecordKey) throws(StoreError) -> Record? {
    guard let record = try reader.record(key), record.key.tenant == key.tenant else { return nil }
    return record
  }

  private func profile(_ record: Record) throws(StoreError) -> ProfileRecord {
    guard let profile = documents.profile(record) else {
      throw StoreError(.damaged, "the profile of a customer is damaged")
    }
    return profile
  }

  /// The customers that a key finds under its first values, each once.
  private func customers(
    _ key: IdentificationKey, _ values: [String], _ tenant: Tenant, _ limit: Int
  ) throws(StoreError) -> Candidates {
    if key.isUnique, values.count == key.attributes.count {
      let entry = try record(
        .identity(Identity.name(values, of: "", isUnique: true), key: key.id, tenant: tenant))
      let owner = entry.map { String(decoding: $0.document, as: UTF8.self) }
      return Candidates(customers: owner.map { [$0] } ?? [], isComplete: true)
    }
    let found = try reader.customers(
      key: key.id, from: Identity.prefix(values), to: Identity.bound(values), tenant: tenant,
      limit: limit + 1)
    var seen: Set<[UInt8]> = []
    return Candidates(
      customers: found.prefix(limit).map(\.customer).filter { seen.insert(Array($0.utf8)).inserted },
      isComplete: found.count <= limit)
  }

  /// To whom a service belonged; `nil` if there is no such service.
  private func associations(of id: ServiceID, _ tenant: Tenant) throws(StoreError) -> [Association]? {
    guard try record(.service(id, tenant: tenant)) != nil else { return nil }
    return try reader.associations(of: id, tenant: tenant)
  }
}
