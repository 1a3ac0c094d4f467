import ContextModel

/// A service that a batch has looked at, and what it did to it. An object that is used again and again: a service is too
/// large to be moved about.
final class ServiceSlot {
  /// What is known of the service at one moment.
  struct State {
    /// `nil` if there is none.
    var service: Service?
    var document: [UInt8] = []
    var sequence: Int64 = 0
    var isChanged = false
    var movesInIndexes = false
  }

  private(set) var key: RecordKey
  /// Whether nothing was stored before the batch.
  private(set) var isNew = true
  /// As the changes have left it that were decided before.
  private var state = State()
  /// Whether there is a service in it.
  private var isThere = false
  /// As the change that is being decided wants it; `nil` if it has not touched it.
  private var wanted: State?
  /// Whether the change that is being decided has touched it before.
  private(set) var isTouched = false

  init(key: RecordKey) { self.key = key }

  /// Takes a slot for another service.
  ///
  /// - Parameter service: what is stored, and is taken from there; `nil` if there is none.
  func reset(_ id: ServiceID, _ tenant: Tenant, stored service: inout Service?) {
    key = .service(id, tenant: service?.tenant ?? tenant)
    isThere = service.isThere
    isNew = !isThere
    swap(&state.service, &service)
    state.document = []
    state.sequence = 0
    state.isChanged = false
    state.movesInIndexes = false
    discard()
  }

  /// As it is now; `nil` if there is none.
  var service: Service? { isTouched ? wanted?.service : state.service }

  func put(_ service: Service, _ document: [UInt8], sequence: Int64) {
    let moves = state.service.map { $0.indexedColumns != service.indexedColumns } ?? false
    if !isTouched, !isThere { key = .service(service.id, tenant: service.tenant) }
    isTouched = true
    wanted = State(
      service: service, document: document, sequence: sequence, isChanged: true,
      movesInIndexes: state.movesInIndexes || moves)
  }

  /// See `StoreTransaction.update`.
  func update<Wish: StoreChange>(
    _ id: ServiceID, _ tenant: Tenant, _ condition: RevisionCondition?, sequence: Int64, _ moment: Timestamp,
    _ lifetime: LifetimePolicy, for wish: Wish, _ body: (Wish, inout Service) throws(ContextError) -> Change
  ) throws(ContextError) -> (Change, Mapping) {
    guard isThere, key.tenant == tenant else { throw .serviceNotFound(id) }
    let update = try state.service!.update(condition, moment, lifetime, for: wish, body)
    state.document = update.mapping.document
    state.sequence = sequence
    state.isChanged = true
    if update.movesInIndexes { state.movesInIndexes = true }
    return (update.change, update.mapping)
  }

  func delete() {
    // Also of what was never stored: changes of the same batch have left a history.
    isTouched = true
    wanted = State(isChanged: true)
  }

  /// The change is made.
  func accept() {
    guard isTouched, let accepted = wanted.take() else { return }
    isTouched = false
    isThere = accepted.service.isThere
    state = accepted
  }

  /// The change is refused.
  func discard() {
    guard isTouched else { return }
    isTouched = false
    wanted = nil
  }

  var isChanged: Bool { state.isChanged }

  /// What is to be kept; `nil` if it is to be removed.
  func record(withColumns wantsColumns: Bool) -> Record? {
    guard isThere else { return nil }
    var record = state.service!.record(key, document: state.document)
    record.sequence = state.sequence
    record.isNew = isNew
    record.movesInIndexes = state.movesInIndexes
    if wantsColumns, isNew || state.movesInIndexes { record.columns = ServiceColumns(of: state.service!) }
    return record
  }
}

extension Optional {
  /// Whether there is one. `!= nil` would compare, and copy, what is large.
  fileprivate var isThere: Bool {
    if case .some = self { true } else { false }
  }
}

// What reads several properties of a service that lies in a slot is a mutating method, whether it changes the service or
// not: each other access to the slot is one of its own, and copies the whole service.
extension Service {
  /// Sets when it must be looked at, if that is sooner than was set. Later is left for then: the index of due services is
  /// written as little as it can.
  mutating func advanceDue(_ lifetime: LifetimePolicy) {
    let due = lifetime.dueAt(self)
    if due == 0 || trail.dueAt == 0 || due < trail.dueAt { trail.dueAt = due }
  }

  /// See `StoreTransaction.update`.
  fileprivate mutating func update<Wish>(
    _ condition: RevisionCondition?, _ moment: Timestamp, _ lifetime: LifetimePolicy, for wish: Wish,
    _ body: (Wish, inout Service) throws(ContextError) -> Change
  ) throws(ContextError) -> (change: Change, mapping: Mapping, movesInIndexes: Bool) {
    if let condition { try require(condition) }
    let former = indexedColumns
    let change = try body(wish, &self)
    trail.updatedAt = moment.milliseconds
    advanceDue(lifetime)
    return (change, Mapping(of: self), former != indexedColumns)
  }

  /// What is kept of it.
  fileprivate mutating func record(_ key: RecordKey, document: [UInt8]) -> Record {
    var record = Record(key, revision: revision, document: document, hidden: trail.text)
    record.owner = ServiceQuery.Owner(of: self)?.hash(tenant) ?? 0
    return record
  }

  /// What its row is found under, as far as it can change.
  fileprivate var indexedColumns: IndexedColumns {
    IndexedColumns(customer: customerID, type: serviceType, status: status, dueAt: trail.dueAt)
  }
}

/// What a service's row is found under, as far as it can change.
private struct IndexedColumns: Equatable {
  let customer: String?
  let type: AttributeValue?
  let status: Service.Status
  let dueAt: Int64

  static func == (one: IndexedColumns, other: IndexedColumns) -> Bool {
    one.customer.hasBytes(of: other.customer) && one.type.hasBytes(of: other.type)
      && one.status == other.status && one.dueAt == other.dueAt
  }
}

/// A record of another kind that a batch has looked at.
struct RecordSlot {
  /// As it is now; `nil` if there is none.
  var record: Record?
  /// Whether the batch changed it.
  var isChanged = false
  /// Whether nothing was stored under the key before the batch.
  let isNew: Bool

  /// What is stored, if anything is.
  init(loaded record: Record?) {
    self.record = record
    isNew = record == nil
  }
}
