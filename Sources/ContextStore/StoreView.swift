import ContextModel

/// Puts together what queries show: services with states, tasks and extensions. One thread at a time.
struct StoreView {
  let reader: any StoreReader
  let documents: DocumentReader

  /// A service with what is wanted in it, all of one moment; `nil` if it is gone meanwhile.
  func service(
    _ record: Record, _ id: ServiceID, _ extensions: ExtensionSelection, _ parts: PartSelection?
  ) throws(StoreError) -> ServiceRecord? {
    if case .none = extensions, parts == nil { return try compose(record, id, extensions, parts) }
    return try steady(record) { record throws(StoreError) in try compose(record, id, extensions, parts) }
  }

  /// Reads what belongs to a service, again if the service has changed meanwhile: every change of what belongs to it changes it.
  private func steady<Shown>(
    _ record: Record, _ body: (Record) throws(StoreError) -> Shown
  ) throws(StoreError) -> Shown? {
    guard !reader.readsOneMoment else { return try body(record) }
    var record = record
    for _ in 1..<Self.mostReadings {
      let shown = try body(record)
      guard let now = try self.record(record.key) else { return nil }
      if now.revision == record.revision, now.sequence == record.sequence { return shown }
      record = now
    }
    throw StoreError(.locked, "service \(record.key.service) changes faster than it can be read")
  }

  /// A service that changes in as many readings of it, each of some microseconds, is changed by a fault.
  private static let mostReadings = 1000

  private func compose(
    _ record: Record, _ id: ServiceID, _ extensions: ExtensionSelection, _ parts: PartSelection?
  ) throws(StoreError) -> ServiceRecord {
    var shown = ServiceRecord(document: record.document, revision: record.revision)
    guard let parts else {
      shown.extensions = try self.extensions(extensions, id, record.key.tenant)
      return shown
    }
    let all = try allExtensions(
      of: id, record.key.tenant, extensions, parts.stateExtensions, parts.taskExtensions)
    shown.extensions = all.wanted(extensions, .service)
    shown.lists = try lists(parts, in: id, record.key.tenant, all) { _ in true }
    return shown
  }

  /// The services of a list.
  func services(_ query: ServiceQuery) throws(StoreError) -> [ServiceRecord] {
    var query = query
    if let after = query.filter.after.flatMap(ServiceID.init) {
      guard let last = try record(.service(after, tenant: query.tenant)),
        let service = documents.service(last)
      else { return [] }
      query.filter.startedFrom = max(query.filter.startedFrom ?? service.startedAt, service.startedAt)
      let rest = try reader.services(query).filter { record in
        guard let other = documents.service(record) else { return false }
        return (other.startedAt, other.id) > (service.startedAt, service.id)
      }
      return try services(rest, query)
    }
    return try services(try reader.services(query), query)
  }

  /// A record of the tenant that asks.
  private func record(_ key: RecordKey) throws(StoreError) -> Record? {
    guard let record = try reader.record(key), record.key.tenant == key.tenant else { return nil }
    return record
  }

  private func services(_ records: [Record], _ query: ServiceQuery) throws(StoreError) -> [ServiceRecord] {
    var services: [ServiceRecord] = []
    for record in records.prefix(query.filter.limit ?? .max) {
      guard let id = ServiceID(record.key.service) else { continue }
      if let shown = try service(record, id, query.extensions, query.parts) { services.append(shown) }
    }
    return services
  }

  /// A page of a walk over all services.
  func page(_ scan: ServiceScan) throws(StoreError) -> ServiceScan.Page {
    var page = ServiceScan.Page()
    var bytes = 0
    let records = try reader.services(after: scan.after, tenant: scan.tenant, limit: ServiceScan.size)
    for record in records {
      let service = try documents.requiredService(record, record.key.service)
      guard scan.matches(service) else { continue }
      page.ids.append(service.id)
      guard let parts = scan.parts else { continue }
      guard let shown = try self.service(record, service.id, .all, parts) else { continue }
      page.records.append(shown)
      bytes += shown.byteCount
      if bytes > ServiceScan.mostBytes {
        page.next = service.id.rawValue
        return page
      }
    }
    if records.count == ServiceScan.size { page.next = records.last?.key.service }
    return page
  }

  /// The states or tasks of a query; `nil` if there is no such service.
  func parts(_ query: PartQuery) throws(StoreError) -> [PartRecord]? {
    guard let owner = try record(.service(query.service, tenant: query.tenant)) else { return nil }
    return try steady(owner) { owner throws(StoreError) in try parts(query, of: owner) }
  }

  private func parts(_ query: PartQuery, of owner: Record) throws(StoreError) -> [PartRecord] {
    let customer = documents.value(owner.document)?["customer_id"]?.string
    let all = try allExtensions(
      of: query.service, query.tenant, query.extensions, .none, query.parts?.taskExtensions ?? .none)
    var found: [Record] = []
    if let id = query.id {
      if let one = try reader.record(.part(query.kind, id, of: query.service, tenant: query.tenant)) {
        found = [one]
      }
    } else {
      found = try reader.records(RecordKey.Kind(query.kind), of: query.service, tenant: query.tenant)
    }
    let types = Set(query.filter.types)
    var shown: [PartRecord] = []
    for record in found {
      let part = try part(record)
      if let after = query.filter.after, Int64(part.id.rawValue) <= after { continue }
      if let status = query.filter.status, part.status != status { continue }
      if !types.isEmpty, !(part.type.map(types.contains) ?? false) { continue }
      if !query.filter.states.isEmpty, !(part.stateID.map(query.filter.states.contains) ?? false) { continue }
      var one = PartRecord(
        query.kind, document: record.document, revision: record.revision, service: query.service,
        customerID: customer, extensions: all.wanted(query.extensions, .part(query.kind, part.id)))
      if query.kind == .state, var wanted = query.parts {
        wanted.activeStates = false
        wanted.completedStates = false
        one.lists = try lists(wanted, in: query.service, query.tenant, all) { $0.stateID == part.id }
      }
      shown.append(one)
      if let limit = query.filter.limit, shown.count == limit { break }
    }
    return shown
  }

  private func lists(
    _ wanted: PartSelection, in service: ServiceID, _ tenant: Tenant, _ extensions: [Record],
    where isWanted: (ServicePart) -> Bool
  ) throws(StoreError) -> [PartList] {
    var lists: [PartList] = []
    for list in wanted.lists {
      let selection = list.kind == .state ? wanted.stateExtensions : wanted.taskExtensions
      var records: [PartRecord] = []
      for record in try reader.records(RecordKey.Kind(list.kind), of: service, tenant: tenant) {
        let part = try part(record)
        guard part.status == list.status, isWanted(part) else { continue }
        records.append(
          PartRecord(
            list.kind, document: record.document, revision: record.revision, service: service,
            extensions: extensions.wanted(selection, .part(list.kind, part.id))))
      }
      lists.append(PartList(name: list.name, records: records))
    }
    return lists
  }

  private func part(_ record: Record) throws(StoreError) -> ServicePart {
    guard let part = documents.part(record) else {
      throw StoreError(
        .damaged, "the document of a state or task of service \(record.key.service) is damaged")
    }
    return part
  }

  /// Every extension in a service, if any of the selections wants some.
  private func allExtensions(
    of service: ServiceID, _ tenant: Tenant, _ selections: ExtensionSelection...
  ) throws(StoreError) -> [Record] {
    guard selections.contains(where: { $0 != .none }) else { return [] }
    return try reader.records(.extension, of: service, tenant: tenant)
  }

  /// The service's own extensions, in the order of their names.
  private func extensions(
    _ selection: ExtensionSelection, _ id: ServiceID, _ tenant: Tenant
  ) throws(StoreError) -> [StoredExtension] {
    switch selection {
    case .none: return []
    case .all: return try reader.records(.extension, of: id, tenant: tenant).wanted(.all, .service)
    case .named(let names):
      var found: [StoredExtension] = []
      for name in Set(names.map { $0.lowercased() }).sorted() {
        let key = RecordKey.extension(name, of: .service, in: id, tenant: tenant)
        if let record = try reader.record(key) {
          found.append(StoredExtension(name: record.name, text: record.document))
        }
      }
      return found
    }
  }
}

extension [Record] {
  /// Those extensions among the records that are wanted of one owner, in the order of their names.
  fileprivate func wanted(_ selection: ExtensionSelection, _ owner: ExtensionOwner) -> [StoredExtension] {
    guard selection != .none else { return [] }
    return filter { $0.key.number == owner.number && selection.wants($0.name) }
      .sorted { $0.key.name < $1.key.name }
      .map { StoredExtension(name: $0.name, text: $0.document) }
  }
}
