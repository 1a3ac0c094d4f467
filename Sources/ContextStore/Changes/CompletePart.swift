public import ContextModel

/// Complete State, or Complete Task.
public struct CompletePart: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// State or task.
  public var kind: ServicePart.Kind
  /// The state or task.
  public var part: PartID
  /// The event.
  public var event: Event
  /// When it was, if the event does not tell.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, service: ServiceID, _ kind: ServicePart.Kind, part: PartID, _ event: Event, at: Timestamp,
    condition: RevisionCondition? = nil, principal: String? = nil
  ) {
    self.tenant = tenant
    self.service = service
    self.kind = kind
    self.part = part
    self.event = event
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// What it surely looks at.
  public func prefetch(into keys: inout [RecordKey]) {
    keys.append(.service(service, tenant: tenant))
    keys.append(.part(kind, part, of: service, tenant: tenant))
  }

  /// Ends the state or task. Fails with 400 (before its start), 404, 409 and 412.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Int64 {
    let found = try transaction.existingService(service, tenant: tenant)
    var ended = try transaction.existingPart(kind, part, of: service, tenant: tenant, condition)
    try ended.complete(event, at: at)
    transaction.note(
      Change(
        kind == .state ? .completeState : .completeTask, tenant: tenant, service: service,
        revision: found.revision, at: at, customerBefore: found.customerID,
        customer: found.customerID, interaction: event.fields.interactionID,
        principal: principal, event: event.text(about: part)))
    try transaction.putExtensions(of: event, to: .part(kind, part), in: service, tenant: tenant)
    try transaction.put(ended, tenant: tenant)
    try transaction.put(found)
    return ended.revision
  }
}
