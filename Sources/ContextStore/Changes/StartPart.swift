public import ContextModel

/// Start State, or Start Task.
public struct StartPart: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// State or task.
  public var kind: ServicePart.Kind
  /// The start event. Its timestamp must be set.
  public var event: Event
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, service: ServiceID, _ kind: ServicePart.Kind, _ event: Event, principal: String? = nil
  ) {
    self.tenant = tenant
    self.service = service
    self.kind = kind
    self.event = event
    self.principal = principal
  }

  /// What it surely looks at.
  public func prefetch(into keys: inout [RecordKey]) {
    keys.append(.service(service, tenant: tenant))
  }

  /// Starts the state or task. Fails with 404 (no service, no such state) and 409 (the service, or a task's state, has
  /// ended).
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> PartID {
    var found = try transaction.existingService(service, tenant: tenant)
    let id = try found.newPartID(kind)
    if let previous = event.previousStateID {
      _ = try transaction.existingPart(.state, previous, of: service, tenant: tenant)
    }
    if let state = event.stateID {
      let state = try transaction.existingPart(.state, state, of: service, tenant: tenant)
      guard state.status == .active else { throw .alreadyCompleted(.state, state.id, of: service) }
    }
    let part = ServicePart(kind, id, of: service, starting: event)
    transaction.note(
      Change(
        kind == .state ? .startState : .startTask, tenant: tenant, service: service, revision: found.revision,
        at: part.startedAt, customerBefore: found.customerID,
        customer: found.customerID, interaction: event.fields.interactionID, principal: principal,
        event: event.text(about: id)))
    try transaction.putExtensions(of: event, to: .part(kind, id), in: service, tenant: tenant)
    try transaction.put(part, tenant: tenant)
    try transaction.put(found)
    return id
  }
}
