public import ContextModel

/// Perform State Transition: one state ends, another one starts, both or neither.
public struct PerformTransition: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// The transition.
  public var event: Event
  /// When it was, if the event does not tell.
  public var at: Timestamp
  /// The revisions of the state that ends at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, service: ServiceID, _ event: Event, at: Timestamp, condition: RevisionCondition? = nil,
    principal: String? = nil
  ) {
    self.tenant = tenant
    self.service = service
    self.event = event
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// What it surely looks at.
  public func prefetch(into keys: inout [RecordKey]) {
    keys.append(.service(service, tenant: tenant))
  }

  /// Ends the one state and starts the other. Fails with 400 (before its start), 404, 409 and 412.
  ///
  /// - Returns: the new state.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> PartID {
    guard let from = event.stateID else { throw .missingField("from", "an object with a state_id") }
    var found = try transaction.existingService(service, tenant: tenant)
    var ended = try transaction.existingPart(.state, from, of: service, tenant: tenant, condition)
    let id = try found.newPartID(.state)
    var event = event
    event.fields.timestamp = event.fields.timestamp ?? max(at, ended.startedAt)
    try ended.complete(event, at: at)
    let started = ServicePart(.state, id, of: service, starting: event)
    transaction.note(
      Change(
        .transition, tenant: tenant, service: service, revision: found.revision, at: at,
        customerBefore: found.customerID,
        customer: found.customerID, interaction: event.fields.interactionID, principal: principal,
        event: event.text(about: id)))
    try transaction.putExtensions(of: event, to: .part(.state, id), in: service, tenant: tenant)
    try transaction.put(ended, tenant: tenant)
    try transaction.put(started, tenant: tenant)
    try transaction.put(found)
    return id
  }
}
