import ContextModel

/// Decides a batch in memory, write by write in arrival order, and sets each write's outcome. What fails for a
/// reason of its own (404, 409, 412) changes nothing and does not disturb the others.
///
/// The outcomes count once the engine has kept the batch; until then nobody may see them. Commit thread only.
struct BatchFolder {
  private let needs: BatchNeeds
  private let firstNewID: Int64
  /// As many as `needs.services`, in that order; rows of services that do not exist are `nil`.
  private var rows: [FoldedService?]
  private var newRows: [FoldedService] = []
  private var changes: [FoldedChange] = []
  private var schemas: [StoredSchema] = []
  private var existingSchemas: Set<SchemaKey>
  private var sequence: Int64

  /// Folds a batch onto what was loaded for it.
  static func fold(_ batch: [PendingWrite], _ needs: BatchNeeds, onto loaded: LoadedState) -> FoldedBatch {
    var folder = BatchFolder(needs, loaded, count: batch.count)
    for pending in batch {
      do throws(ContextError) {
        pending.outcome = .success(try folder.apply(pending.request))
      } catch {
        pending.outcome = .failure(error)
      }
    }
    return folder.result
  }

  private init(_ needs: BatchNeeds, _ loaded: LoadedState, count: Int) {
    self.needs = needs
    firstNewID = loaded.nextServiceID
    rows = loaded.services.map { $0.map { FoldedService(service: $0, isNew: false) } }
    existingSchemas = loaded.existingSchemas
    sequence = loaded.lastSequence
    changes.reserveCapacity(count)
  }

  private var result: FoldedBatch {
    var batch = FoldedBatch(nextServiceID: firstNewID + Int64(newRows.count))
    batch.services = rows.compactMap { row in row.flatMap { $0.sequence > 0 ? $0 : nil } } + newRows
    batch.changes = changes
    batch.schemas = schemas
    return batch
  }

  private mutating func apply(_ request: WriteRequest) throws(ContextError) -> Written {
    switch request {
    case .start(let tenant, let event, let principal):
      return try start(tenant, event, principal)
    case .associate(let tenant, let id, let customer, let event, let at, let condition, let principal):
      return try change(ServiceKey(id: id, tenant: tenant), .associate, event, at, condition, principal) {
        (row) throws(ContextError) in
        row.customerChanged = row.customerChanged || row.service.customerID != customer
        row.typeChanged = row.typeChanged || event.serviceType != nil
        row.service.associate(with: customer, event)
      }
    case .complete(let tenant, let id, let event, let at, let condition, let principal):
      return try change(ServiceKey(id: id, tenant: tenant), .complete, event, at, condition, principal) {
        (row) throws(ContextError) in try row.service.complete(event, at: at)
      }
    case .createSchema(let tenant, let owner, let name, let text, let at, let principal):
      return try createSchema(
        StoredSchema(tenant: tenant, owner: owner, name: name, text: text), at, principal)
    }
  }

  private mutating func start(
    _ tenant: Tenant, _ event: Event, _ principal: String?
  ) throws(ContextError) -> Written {
    guard let id = ServiceID(firstNewID + Int64(newRows.count)) else {
      throw .storeUnavailable("there are no service ids left")
    }
    var row = FoldedService(service: Service(id: id, tenant: tenant, starting: event), isNew: true)
    let written = record(
      &row, .start, event, at: row.service.startedAt, customerBefore: nil, principal: principal)
    newRows.append(row)
    return written
  }

  /// Finds a service, lets `body` change it if the condition holds, and notes the change.
  private mutating func change(
    _ key: ServiceKey, _ kind: FoldedChange.Kind, _ event: Event, _ at: Timestamp,
    _ condition: RevisionCondition?, _ principal: String?,
    _ body: (inout FoldedService) throws(ContextError) -> Void
  ) throws(ContextError) -> Written {
    // A client may guess the id of a service that is started in this very batch.
    let newIndex = Int(key.id.rawValue - firstNewID)
    let isNew = newRows.indices.contains(newIndex) && newRows[newIndex].service.tenant == key.tenant
    guard let place = isNew ? newIndex : needs.position(of: key),
      var row = isNew ? newRows[place] : rows[place]
    else { throw .serviceNotFound(key.id) }
    try row.service.require(condition)
    let customerBefore = row.service.customerID
    try body(&row)
    let written = record(&row, kind, event, at: at, customerBefore: customerBefore, principal: principal)
    if isNew { newRows[place] = row } else { rows[place] = row }
    return written
  }

  /// Gives a change that is made its number and its place in the change sequence.
  private mutating func record(
    _ row: inout FoldedService, _ kind: FoldedChange.Kind, _ event: Event, at: Timestamp,
    customerBefore: String?, principal: String?
  ) -> Written {
    if !event.extensions.isEmpty { row.takeExtensions(of: event) }
    sequence += 1
    row.sequence = sequence
    let mapping = Mapping(of: row.service)
    row.document = mapping.document
    changes.append(
      FoldedChange(
        sequence: sequence, tenant: mapping.tenant, service: mapping.service, revision: mapping.revision,
        kind: kind, at: at, customerBefore: customerBefore, customer: mapping.customer, principal: principal,
        event: event.text))
    return Written(mapping: mapping, sequence: sequence)
  }

  private mutating func createSchema(
    _ schema: StoredSchema, _ at: Timestamp, _ principal: String?
  ) throws(ContextError) -> Written {
    guard existingSchemas.insert(SchemaKey(schema.tenant, schema.owner, schema.name)).inserted else {
      throw ContextError(
        status: 409, code: "schema_exists",
        message: "There is an extension schema \(schema.name) already; names are compared without case.",
        field: "name")
    }
    sequence += 1
    schemas.append(schema)
    changes.append(
      FoldedChange(
        sequence: sequence, tenant: schema.tenant, service: nil, revision: nil, kind: .createSchema, at: at,
        customerBefore: nil, customer: nil, principal: principal, event: schema.text))
    return Written(mapping: nil, sequence: sequence)
  }
}

extension BatchNeeds {
  /// Where a service stands among ``services``; `nil` if it is none of them.
  fileprivate func position(of key: ServiceKey) -> Int? {
    var low = 0
    var high = services.count
    while low < high {
      let middle = (low + high) / 2
      if services[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low < services.count && services[low] == key ? low : nil
  }
}
