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
  /// As the change that is being decided wants it; `nil` if it has not touched it.
  private var wanted: State?

  init(key: RecordKey) { self.key = key }

  /// Takes a slot for another service.
  ///
  /// - Parameter service: what is stored; `nil` if there is none.
  func reset(_ id: ServiceID, _ tenant: Tenant, stored service: Service?) {
    isNew = service == nil
    key = .service(id, tenant: service?.tenant ?? tenant)
    state = State(service: service)
    wanted = nil
  }

  /// As it is now; `nil` if there is none.
  var service: Service? { wanted == nil ? state.service : wanted?.service }

  /// Whether the change that is being decided has touched it before.
  var isTouched: Bool { wanted != nil }

  func put(_ service: Service, _ document: [UInt8], sequence: Int64) {
    let moves = state.service.map { $0.indexedColumns != service.indexedColumns } ?? false
    if wanted == nil, state.service == nil { key = .service(service.id, tenant: service.tenant) }
    wanted = State(
      service: service, document: document, sequence: sequence, isChanged: true,
      movesInIndexes: state.movesInIndexes || moves)
  }

  /// See `StoreTransaction.update`.
  func update<Wish: StoreChange>(
    _ id: ServiceID, _ tenant: Tenant, _ condition: RevisionCondition?, sequence: Int64, _ moment: Timestamp,
    _ lifetime: LifetimePolicy, for wish: Wish, _ body: (Wish, inout Service) throws(ContextError) -> Change
  ) throws(ContextError) -> (Change, Mapping) {
    guard state.service != nil, key.tenant == tenant else { throw .serviceNotFound(id) }
    try state.service!.require(condition)
    let former = state.service!.indexedColumns
    let change = try body(wish, &state.service!)
    state.service!.trail.updatedAt = moment.milliseconds
    state.service!.advanceDue(lifetime)
    if former != state.service!.indexedColumns { state.movesInIndexes = true }
    let mapping = Mapping(of: state.service!)
    state.document = mapping.document
    state.sequence = sequence
    state.isChanged = true
    return (change, mapping)
  }

  func delete() {
    // Also of what was never stored: changes of the same batch have left a history.
    wanted = State(isChanged: true)
  }

  /// The change is made.
  func accept() {
    if let wanted = wanted.take() { state = wanted }
  }

  /// The change is refused.
  func discard() { wanted = nil }

  var isChanged: Bool { state.isChanged }

  /// What is to be kept; `nil` if it is to be removed.
  var record: Record? {
    guard state.service != nil else { return nil }
    let service = state.service.unsafelyUnwrapped
    var record = Record(
      key, revision: service.revision, document: state.document, hidden: service.trail.text)
    record.sequence = state.sequence
    record.isNew = isNew
    record.movesInIndexes = state.movesInIndexes
    record.owner = ServiceQuery.Owner(of: service)?.hash(service.tenant) ?? 0
    return record
  }
}

extension Service {
  /// Sets when it must be looked at, if that is sooner than was set. Later is left for then: the index of due services is
  /// written as little as it can.
  mutating func advanceDue(_ lifetime: LifetimePolicy) {
    let due = lifetime.dueAt(self)
    if due == 0 || trail.dueAt == 0 || due < trail.dueAt { trail.dueAt = due }
  }

  /// What its row is found under, as far as it can change.
  fileprivate var indexedColumns: (customer: String?, type: AttributeValue?, status: Status, dueAt: Int64) {
    (customerID, serviceType, status, trail.dueAt)
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
