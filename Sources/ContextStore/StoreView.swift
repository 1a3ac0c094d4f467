import ContextModel

/// Puts together what queries show: services with states, tasks and extensions. One thread at a time.
struct StoreView {
  let reader: any StoreReader
  let documents: DocumentReader

  /// A service with what is wanted in it, all of one moment; `nil` if it is gone meanwhile, or is not wanted any more.
  ///
  /// - Parameter isWanted: whether it is, as it is when the rest is read. As it is in `record` it must be.
  func service(
    _ record: Record, _ id: ServiceID, _ extensions: ExtensionSelection, _ parts: PartSelection?,
    where isWanted: (Service) -> Bool = { _ in true }
  ) throws(StoreError) -> ServiceRecord? {
    if case .none = extensions, parts == nil {
      return ServiceRecord(document: record.document, revision: record.revision)
    }
    return try steady(record) { record, source throws(StoreError) in
      guard isWanted(try documents.requiredService(record, record.key.service)) else { return nil }
      let contents = ServiceContents(id, record.key.tenant, in: source, documents)
      return try compose(record, contents, extensions, parts)
    }
  }

  /// Reads what belongs to a service, again if the service has changed meanwhile: every change of what belongs to it changes it.
  private func steady<Shown>(
    _ record: Record, _ body: (Record, any RecordSource) throws(StoreError) -> Shown?
  ) throws(StoreError) -> Shown? {
    guard !reader.readsOneMoment else { return try body(record, reader) }
    var record = record
    for _ in 0..<Self.mostReadings {
      let shown = try body(record, reader)
      guard let now = try self.record(record.key, in: reader) else { return nil }
      if now.revision == record.revision, now.sequence == record.sequence { return shown }
      record = now
    }
    // It changes faster than it can be read. This costs a wait, and ends.
    let settled = try reader.settledRecords()
    return try self.record(record.key, in: settled).flatMap { record throws(StoreError) in
      try body(record, settled)
    }
  }

  private static let mostReadings = 10

  private func compose(
    _ record: Record, _ contents: ServiceContents, _ extensions: ExtensionSelection, _ parts: PartSelection?
  ) throws(StoreError) -> ServiceRecord {
    var shown = ServiceRecord(document: record.document, revision: record.revision)
    guard let parts else {
      shown.extensions = try contents.ownExtensions(extensions)
      return shown
    }
    shown.extensions = try contents.extensions(extensions, of: .service)
    shown.lists = try lists(parts, contents) { kind throws(StoreError) in try contents.parts(kind) }
    return shown
  }

  /// The services of a list, or of a page of it.
  func services(_ query: ServiceQuery) throws(StoreError) -> [ServiceRecord] {
    var services: [ServiceRecord] = []
    var rest = query
    while true {
      let records = try reader.services(rest)
      for record in records {
        guard let id = ServiceID(record.key.service) else { continue }
        let shown = try service(record, id, query.extensions, query.parts, where: query.wants)
        if let shown { services.append(shown) }
      }
      // A page is full also if a service has left the list meanwhile: a shorter one would be taken for the last.
      guard let limit = query.filter.limit, services.count < limit, records.count == rest.filter.limit,
        let last = records.last
      else { return services }
      rest.behind = ServiceQuery.Place(of: try documents.requiredService(last, last.key.service))
      rest.filter.limit = limit - services.count
    }
  }

  /// A record of the tenant that asks.
  func record(_ key: RecordKey, in source: any RecordSource) throws(StoreError) -> Record? {
    guard let record = try source.record(key), record.key.tenant == key.tenant else { return nil }
    return record
  }

  /// A page of a walk over all services.
  func page(_ scan: ServiceScan) throws(StoreError) -> ServiceScan.Page {
    var page = ServiceScan.Page()
    var bytes = 0
    let records = try reader.services(after: scan.after, tenant: scan.tenant, limit: ServiceScan.size)
    for record in records {
      let service = try documents.requiredService(record, record.key.service)
      guard scan.matches(service) else { continue }
      if let parts = scan.parts {
        guard let shown = try self.service(record, service.id, .all, parts, where: scan.matches) else {
          continue
        }
        page.records.append(shown)
        bytes += shown.byteCount
      }
      page.ids.append(service.id)
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
    let key = RecordKey.service(query.service, tenant: query.tenant)
    guard let owner = try record(key, in: reader) else { return nil }
    return try steady(owner) { owner, source throws(StoreError) in
      let customer = documents.value(owner.document)?["customer_id"]?.string
      return try parts(
        query, of: customer, ServiceContents(query.service, query.tenant, in: source, documents))
    }
  }

  private func parts(
    _ query: PartQuery, of customer: String?, _ contents: ServiceContents
  ) throws(StoreError) -> [PartRecord] {
    let found =
      if let id = query.id { try contents.part(query.kind, id).map { [$0] } ?? [] } else {
        try contents.parts(query.kind)
      }
    let types = Set(query.filter.types)
    var shown: [PartRecord] = []
    for (part, record) in found {
      if let after = query.filter.after, Int64(part.id.rawValue) <= after { continue }
      if let status = query.filter.status, part.status != status { continue }
      if !types.isEmpty, !(part.type.map(types.contains) ?? false) { continue }
      if !query.filter.states.isEmpty, !(part.stateID.map(query.filter.states.contains) ?? false) { continue }
      var one = PartRecord(
        query.kind, document: record.document, revision: record.revision, service: query.service,
        customerID: customer,
        extensions: try contents.extensions(query.extensions, of: .part(query.kind, part.id)))
      if query.kind == .state, var wanted = query.parts {
        wanted.activeStates = false
        wanted.completedStates = false
        one.lists = try lists(wanted, contents) { _ throws(StoreError) in try contents.tasks(of: part.id) }
      }
      shown.append(one)
      if let limit = query.filter.limit, shown.count == limit { break }
    }
    return shown
  }

  private func lists(
    _ wanted: PartSelection, _ contents: ServiceContents,
    of parts: (ServicePart.Kind) throws(StoreError) -> [ServiceContents.Part]
  ) throws(StoreError) -> [PartList] {
    var lists: [PartList] = []
    for list in wanted.lists {
      let selection = list.kind == .state ? wanted.stateExtensions : wanted.taskExtensions
      var records: [PartRecord] = []
      for (part, record) in try parts(list.kind) where part.status == list.status {
        records.append(
          PartRecord(
            list.kind, document: record.document, revision: record.revision, service: contents.service,
            extensions: try contents.extensions(selection, of: .part(list.kind, part.id))))
      }
      lists.append(PartList(name: list.name, records: records))
    }
    return lists
  }
}
