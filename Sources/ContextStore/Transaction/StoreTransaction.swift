public import ContextModel

/// One batch while it is decided: what is stored, with everything that the batch has done so far.
///
/// Nobody sees any of it before the batch is durable. Commit thread only.
public final class StoreTransaction {
  let writer: any StoreWriter
  let documents: DocumentReader
  private let lifetime: LifetimePolicy
  let largestExtension: Int
  /// The moment of the batch by the server's clock.
  public private(set) var moment = Timestamp(milliseconds: 0)
  var counters = StoreCounters()
  private var changes: [Change] = []
  /// See ``Batch/endsSegment``.
  private var endsSegment = false
  /// The services that were looked at, by their ids, which are unique over all tenants.
  private var places = NumberMap(filler: 0)
  /// Slots in use come first; the others are for later.
  private var services: [ServiceSlot] = []
  private var serviceCount = 0
  private var wantedServices: [Int64] = []
  private var wantedRecords: [RecordKey] = []
  /// Records of other kinds that were looked at.
  private var records: [RecordKey: RecordSlot] = [:]
  /// Their keys by the services that they belong to, from when somebody first asks for the records of one: few batches need it.
  private var keysOfServices: [Int64: [RecordKey]]?
  /// What the change that is being decided has touched: services, and records as they were before, newest last.
  private var touched: [ServiceSlot] = []
  private var undo: [(RecordKey, RecordSlot)] = []
  /// Whether a list was looked at: nothing locks what is not in it yet.
  private var hasLookedAtLists = false
  /// Why the engine cannot be read: nothing of the batch counts then.
  private(set) var failure: StoreError?

  init(_ writer: any StoreWriter, documents: DocumentReader, options: StoreOptions) {
    lifetime = options.lifetime
    largestExtension = options.largestExtension
    self.writer = writer
    self.documents = documents
  }

  /// Begins a batch. What the last one left is forgotten, its storage is used again.
  func begin(prefetching keys: [RecordKey]) throws(StoreError) {
    changes.removeAll(keepingCapacity: true)
    endsSegment = false
    places.removeAll()
    serviceCount = 0
    if services.count > Self.mostKept { services.removeLast(services.count - Self.mostKept) }
    records.removeAll(keepingCapacity: true)
    keysOfServices = nil
    hasLookedAtLists = false
    failure = nil
    moment = .now
    counters = try writer.begin()
    try load(keys)
  }

  /// More slots than a usual batch needs are given up: each holds a service.
  private static let mostKept = 256

  private func load(_ keys: [RecordKey]) throws(StoreError) {
    wantedServices.removeAll(keepingCapacity: true)
    wantedRecords.removeAll(keepingCapacity: true)
    for key in keys {
      if key.kind != .service {
        wantedRecords.append(key)
      } else if !counters.ownServiceIDs.contains(key.service) {
        // An id that was never given out need not be looked for.
        wantedServices.append(key.service)
      }
    }
    try writer.load(wantedServices, wantedRecords) { id, service in
      if places[id.rawValue] == nil { _ = add(id, .single, stored: &service) }
    } record: { key, record in
      if records[key] == nil { records[key] = RecordSlot(loaded: record) }
    }
  }

  /// Decides one change, all or nothing.
  @specialized(where Change == AssociateService)
  func decide<Change: StoreChange>(_ change: Change) -> Result<Change.Outcome, ContextError> {
    defer {
      touched.removeAll(keepingCapacity: true)
      undo.removeAll(keepingCapacity: true)
    }
    let counters = counters
    let changeCount = changes.count
    do throws(ContextError) {
      let outcome = try change.apply(to: self)
      for slot in touched { slot.accept() }
      return .success(outcome)
    } catch {
      for slot in touched { slot.discard() }
      for (key, slot) in undo.reversed() { records[key] = slot }
      self.counters = counters
      changes.removeLast(changes.count - changeCount)
      return .failure(error)
    }
  }

  /// What is to be kept.
  var batch: Batch {
    var batch = Batch(changes: changes, counters: counters)
    batch.endsSegment = endsSegment
    batch.puts.reserveCapacity(serviceCount + records.count)
    let wantsColumns = writer.wantsColumns
    for slot in services[..<serviceCount] where slot.isChanged {
      if let record = slot.record(withColumns: wantsColumns) {
        batch.puts.append(record)
      } else {
        batch.deletions.append(slot.key)
      }
    }
    for (key, slot) in records where slot.isChanged {
      if let record = slot.record { batch.puts.append(record) } else { batch.deletions.append(key) }
    }
    return batch
  }

  /// What a batch has to do with one that was decided before it and may not be kept yet.
  enum Relation {
    case apart
    /// What both look at the engine has given to the later one when the earlier one had ended.
    case follows
    /// The later one may have looked for something before the earlier one had made it.
    case mayMiss
  }

  /// Of batches that are both decided.
  func relation(to earlier: StoreTransaction) -> Relation {
    guard !hasLookedAtLists else { return .mayMiss }
    var relation = Relation.apart
    for (key, slot) in records {
      guard let other = earlier.records[key], slot.isChanged || other.isChanged else { continue }
      // Keys are not locked against those that look at them, what is not there cannot be.
      if slot.isNew || key.kind == .identificationKeys { return .mayMiss }
      relation = .follows
    }
    for slot in services[..<serviceCount] {
      guard let place = earlier.places[slot.key.service] else { continue }
      if !slot.isNew {
        relation = .follows
      } else if earlier.services[place].isChanged {
        return .mayMiss
      }
    }
    return relation
  }

  // MARK: Services

  /// A service as it is now; `nil` if the tenant has none of that id.
  public func service(_ id: ServiceID, tenant: Tenant) throws(ContextError) -> Service? {
    guard let service = try slot(of: id, tenant).service, service.tenant == tenant else { return nil }
    return service
  }

  /// All services of a customer, or all anonymous ones of a contact key, as they are now, by their ids.
  public func services(of owner: ServiceQuery.Owner, tenant: Tenant) throws(ContextError) -> [Service] {
    hasLookedAtLists = true
    do throws(StoreError) {
      for record in try writer.services(ServiceQuery(tenant: tenant, owner: owner))
      where places[record.key.service] == nil {
        let service = try documents.requiredService(record, record.key.service)
        _ = add(service, of: service.id, service.tenant)
      }
    } catch {
      throw fail(error)
    }
    return services[..<serviceCount].compactMap(\.service).filter { $0.tenant == tenant && owner.has($0) }
      .sorted { $0.id < $1.id }
  }

  /// The id of a new service.
  public func newServiceID() throws(ContextError) -> ServiceID {
    if counters.ownServiceIDs.isEmpty {
      do throws(StoreError) {
        let ids = try writer.moreServiceIDs()
        counters.nextServiceID = ids.lowerBound
        counters.endOfServiceIDs = ids.upperBound
      } catch {
        throw fail(error)
      }
    }
    guard let id = ServiceID(counters.nextServiceID) else {
      throw .storeUnavailable("there are no service ids left")
    }
    counters.nextServiceID += 1
    // Nothing is stored under it, so nothing need be looked for.
    if places[id.rawValue] == nil { _ = add(nil, of: id, .single) }
    return id
  }

  /// Keeps a service that was changed or is new.
  ///
  /// - Returns: the service as the mapping cache knows it.
  @discardableResult
  public func put(_ service: Service) throws(ContextError) -> Mapping {
    let slot = try slot(of: service.id, service.tenant)
    if !slot.isTouched { touched.append(slot) }
    let mapping = Mapping(of: service)
    var service = service
    service.trail.updatedAt = moment.milliseconds
    service.advanceDue(lifetime)
    slot.put(service, mapping.document, sequence: counters.lastSequence)
    return mapping
  }

  /// Changes a service that must be there, at a revision that must be wanted, and gives the change its number. Of a
  /// change's steps it is the last that may be refused: a service is too large to keep what it was before.
  ///
  /// - Parameters:
  ///   - wish: what `body` is given beside the service: a closure that captures a change copies it.
  ///   - body: throws only before it has changed anything.
  /// - Throws: 404, 412, or what `body` throws.
  public func update<Wish: StoreChange>(
    _ id: ServiceID, tenant: Tenant, _ condition: RevisionCondition?, for wish: Wish,
    _ body: (Wish, inout Service) throws(ContextError) -> Change
  ) throws(ContextError) -> Written {
    let slot = try slot(of: id, tenant)
    precondition(!slot.isTouched, "what a change has touched before it takes and puts")
    let sequence = counters.lastSequence + 1
    let (change, mapping) = try slot.update(
      id, tenant, condition, sequence: sequence, moment, lifetime, for: wish, body)
    note(change)
    return Written(mapping: mapping, sequence: sequence)
  }

  /// Keeps a service that was looked at too early; that is no change of it.
  func postpone(_ service: Service) throws(ContextError) {
    let slot = try slot(of: service.id, service.tenant)
    if !slot.isTouched { touched.append(slot) }
    slot.put(service, service.document, sequence: counters.lastSequence)
  }

  /// Removes a service; what belongs to it is the caller's to remove.
  public func delete(_ service: Service) throws(ContextError) {
    let slot = try slot(of: service.id, service.tenant)
    if !slot.isTouched { touched.append(slot) }
    slot.delete()
  }

  private func slot(of id: ServiceID, _ tenant: Tenant) throws(ContextError) -> ServiceSlot {
    if let place = places[id.rawValue] { return services[place] }
    do throws(StoreError) {
      let stored = counters.ownServiceIDs.contains(id.rawValue) ? nil : try writer.service(id.rawValue)
      return add(stored, of: id, tenant)
    } catch {
      throw fail(error)
    }
  }

  private func add(_ stored: Service?, of id: ServiceID, _ tenant: Tenant) -> ServiceSlot {
    var stored = stored
    return add(id, tenant, stored: &stored)
  }

  private func add(_ id: ServiceID, _ tenant: Tenant, stored: inout Service?) -> ServiceSlot {
    if serviceCount == services.count { services.append(ServiceSlot(key: .service(id, tenant: tenant))) }
    let slot = services[serviceCount]
    slot.reset(id, tenant, stored: &stored)
    places.set(id.rawValue, serviceCount)
    serviceCount += 1
    return slot
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
    if !isNew(service.rawValue) {
      do throws(StoreError) {
        for record in try writer.records(kind, of: service, tenant: tenant) where records[record.key] == nil {
          add(record.key, RecordSlot(loaded: record))
        }
      } catch {
        throw fail(error)
      }
    }
    let keys = keys(of: service.rawValue).filter { $0.kind == kind && $0.tenant == tenant }
    return keys.compactMap { records[$0]?.record }
  }

  private func keys(of service: Int64) -> [RecordKey] {
    let all = keysOfServices ?? Dictionary(grouping: records.keys, by: \.service)
    keysOfServices = all
    return all[service] ?? []
  }

  /// Keeps what was stored under a key that was not looked at before.
  private func add(_ key: RecordKey, _ slot: RecordSlot) {
    records[key] = slot
    keysOfServices?[key.service, default: []].append(key)
  }

  /// Keeps a record that is no service.
  public func put(_ record: Record) throws(ContextError) {
    var slot = try slot(of: record.key)
    undo.append((record.key, slot))
    var record = record
    record.sequence = counters.lastSequence
    record.isNew = slot.isNew
    slot.record = record
    slot.isChanged = true
    records[record.key] = slot
  }

  /// Refuses an extension to which more was added than one may have: what is sent is bounded, what it adds up to is not.
  ///
  /// - Parameter former: as it was; `nil` if it is new.
  /// - Throws: 409.
  func requireSize(of text: [UInt8], _ name: String, replacing former: [UInt8]?) throws(ContextError) {
    guard text.count > max(largestExtension, former?.count ?? 0) else { return }
    throw .mergeTooLarge(name, "The extension \(name)", text.count, "at most \(largestExtension) bytes")
  }

  /// Removes a record that is no service, if it is there.
  public func delete(_ key: RecordKey) throws(ContextError) {
    var slot = try slot(of: key)
    guard slot.record != nil else { return }
    undo.append((key, slot))
    slot.record = nil
    // What was never stored need not be removed.
    slot.isChanged = !slot.isNew
    records[key] = slot
  }

  /// Whether there was no such service before the batch, and so nothing in it.
  private func isNew(_ service: Int64) -> Bool {
    guard service > 0, let place = places[service] else { return false }
    return services[place].isNew
  }

  private func slot(of key: RecordKey) throws(ContextError) -> RecordSlot {
    if let slot = records[key] { return slot }
    do throws(StoreError) {
      let slot = RecordSlot(loaded: isNew(key.service) ? nil : try writer.record(key))
      add(key, slot)
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
    // Also if the change is refused behind it: that costs a file.
    if change.kind == .erase { endsSegment = true }
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

extension ContextError {
  /// 409: what is there and what was to be added to it are too much together.
  static func mergeTooLarge(_ field: String, _ what: String, _ count: Int, _ allowed: String) -> ContextError
  {
    ContextError(
      status: 409, code: "merge_too_large",
      message: "\(what) would have \(count) with what is added to it; it may have \(allowed).", field: field,
      allowed: [allowed])
  }
}
