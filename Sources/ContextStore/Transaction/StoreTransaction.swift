public import ContextModel

/// One batch while it is decided: what is stored, with everything that the batch has done so far.
///
/// Nobody sees any of it before the batch is durable. Commit thread only.
public final class StoreTransaction {
  let engine: any StoreEngine
  let documents: DocumentReader
  /// The moment of the batch by the server's clock.
  public private(set) var moment = Timestamp(milliseconds: 0)
  var counters = StoreCounters()
  private var changes: [Change] = []
  /// The services that were looked at, by their ids, which are unique over all tenants.
  private var places: [Int64: Int] = [:]
  private var services: [ServiceSlot] = []
  /// Records of other kinds that were looked at.
  private var records: [RecordKey: RecordSlot] = [:]
  /// How to take back what the change that is being decided has done, newest last.
  private var undo: [Undo] = []
  /// Why the engine cannot be read: nothing of the batch counts then.
  private(set) var failure: StoreError?

  private enum Undo {
    case service(place: Int, ServiceSlot)
    case record(RecordKey, RecordSlot)
  }

  init(engine: any StoreEngine, documents: DocumentReader) {
    self.engine = engine
    self.documents = documents
  }

  /// Begins a batch. What the last one left is forgotten, its storage is used again.
  func begin(prefetching keys: [RecordKey]) throws(StoreError) {
    changes.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    services.removeAll(keepingCapacity: true)
    records.removeAll(keepingCapacity: true)
    failure = nil
    moment = .now
    counters = try engine.begin()
    try engine.load(keys) { (key, record) throws(StoreError) in
      if key.kind == .service {
        if places[key.service] == nil { _ = try take(record, of: key) }
      } else {
        records[key] = RecordSlot(loaded: record)
      }
    }
  }

  /// Decides one change, all or nothing.
  func decide<Change: StoreChange>(_ change: Change) -> Result<Change.Outcome, ContextError> {
    undo.removeAll(keepingCapacity: true)
    let counters = counters
    let changeCount = changes.count
    do throws(ContextError) {
      return .success(try change.apply(to: self))
    } catch {
      for step in undo.reversed() {
        switch step {
        case .service(let place, let slot): services[place] = slot
        case .record(let key, let slot): records[key] = slot
        }
      }
      self.counters = counters
      changes.removeLast(changes.count - changeCount)
      return .failure(error)
    }
  }

  /// What is to be kept.
  var batch: Batch {
    var batch = Batch(changes: changes, counters: counters)
    batch.puts.reserveCapacity(services.count + records.count)
    for slot in services where slot.isChanged {
      if let record = slot.record { batch.puts.append(record) } else { batch.deletions.append(slot.key) }
    }
    for (key, slot) in records where slot.isChanged {
      if let record = slot.record { batch.puts.append(record) } else { batch.deletions.append(key) }
    }
    return batch
  }

  // MARK: Services

  /// A service as it is now; `nil` if the tenant has none of that id.
  public func service(_ id: ServiceID, tenant: Tenant) throws(ContextError) -> Service? {
    guard let service = services[try place(of: id, tenant)].service, service.tenant == tenant else {
      return nil
    }
    return service
  }

  /// All services of a customer, or all anonymous ones of a contact key, as they are now, by their ids.
  public func services(of owner: ServiceQuery.Owner, tenant: Tenant) throws(ContextError) -> [Service] {
    do throws(StoreError) {
      for record in try engine.services(ServiceQuery(tenant: tenant, owner: owner))
      where places[record.key.service] == nil {
        _ = try take(record, of: record.key)
      }
    } catch {
      throw fail(error)
    }
    return services.compactMap(\.service).filter { $0.tenant == tenant && owner.has($0) }
      .sorted { $0.id < $1.id }
  }

  /// The id of a new service.
  public func newServiceID() throws(ContextError) -> ServiceID {
    guard let id = ServiceID(counters.nextServiceID) else {
      throw .storeUnavailable("there are no service ids left")
    }
    counters.nextServiceID += 1
    return id
  }

  /// Keeps a service that was changed or is new.
  ///
  /// - Returns: the service as the mapping cache knows it.
  @discardableResult
  public func put(_ service: Service) throws(ContextError) -> Mapping {
    let place = try place(of: service.id, service.tenant)
    undo.append(.service(place: place, services[place]))
    let mapping = Mapping(of: service)
    var service = service
    service.trail.updatedAt = moment.milliseconds
    services[place].put(service, mapping.document, sequence: counters.lastSequence)
    return mapping
  }

  /// Removes a service; what belongs to it is the caller's to remove.
  public func delete(_ service: Service) throws(ContextError) {
    let place = try place(of: service.id, service.tenant)
    undo.append(.service(place: place, services[place]))
    services[place].delete()
  }

  private func place(of id: ServiceID, _ tenant: Tenant) throws(ContextError) -> Int {
    if let place = places[id.rawValue] { return place }
    let key = RecordKey.service(id, tenant: tenant)
    do throws(StoreError) {
      // An id that was never given out need not be looked for.
      return try take(id.rawValue < counters.nextServiceID ? try engine.record(key) : nil, of: key)
    } catch {
      throw fail(error)
    }
  }

  private func take(_ record: Record?, of key: RecordKey) throws(StoreError) -> Int {
    var slot = ServiceSlot(key: record?.key ?? key)
    if let record {
      slot.load(try documents.requiredService(record, key.service))
    }
    services.append(slot)
    places[key.service] = services.count - 1
    return services.count - 1
  }

  // MARK: Other records

  /// A record that is no service, as it is now; `nil` if there is none.
  public func record(_ key: RecordKey) throws(ContextError) -> Record? {
    try slot(of: key).record
  }

  /// The records of one kind that belong to a service, as they are now, in no particular order.
  public func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(ContextError) -> [Record] {
    do throws(StoreError) {
      for record in try engine.records(kind, of: service, tenant: tenant) where records[record.key] == nil {
        records[record.key] = RecordSlot(loaded: record)
      }
    } catch {
      throw fail(error)
    }
    return records.values.compactMap(\.record).filter {
      $0.key.kind == kind && $0.key.service == service.rawValue && $0.key.tenant == tenant
    }
  }

  /// Keeps a record that is no service.
  public func put(_ record: Record) throws(ContextError) {
    var slot = try slot(of: record.key)
    undo.append(.record(record.key, slot))
    var record = record
    record.sequence = counters.lastSequence
    record.isNew = slot.isNew
    slot.record = record
    slot.isChanged = true
    records[record.key] = slot
  }

  /// Removes a record that is no service, if it is there.
  public func delete(_ key: RecordKey) throws(ContextError) {
    var slot = try slot(of: key)
    guard slot.record != nil else { return }
    undo.append(.record(key, slot))
    slot.record = nil
    // What was never stored need not be removed.
    slot.isChanged = !slot.isNew
    records[key] = slot
  }

  private func slot(of key: RecordKey) throws(ContextError) -> RecordSlot {
    if let slot = records[key] { return slot }
    do throws(StoreError) {
      let slot = RecordSlot(loaded: try engine.record(key))
      records[key] = slot
      return slot
    } catch {
      throw fail(error)
    }
  }

  // MARK: The change sequence

  /// Gives a change its number. Records that are put after it carry that number as their last change.
  @discardableResult
  public func note(_ change: Change) -> Int64 {
    counters.lastSequence += 1
    var change = change
    change.sequence = counters.lastSequence
    changes.append(change)
    return change.sequence
  }

  /// Notes that the engine cannot be read: the batch as a whole fails.
  func fail(_ error: StoreError) -> ContextError {
    failure = failure ?? error
    return .storeUnavailable(error.kind.words)
  }
}
