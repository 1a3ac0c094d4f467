public import ContextModel

/// Complete Service.
public struct CompleteService: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// The end event.
  public var event: Event
  /// When it ended, if the event does not tell.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A completion by its parts.
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

  /// The service, and the extensions that it gives.
  public func prefetch(into keys: inout [RecordKey]) {
    keys.append(service, extensionsOf: event, tenant: tenant)
  }

  /// Ends the service. Fails with 400 (before its start), 404, 409 and 412.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Written {
    try transaction.putExtensions(of: event, to: .service, in: service, tenant: tenant)
    return try transaction.update(service, tenant: tenant, condition, for: self) {
      (wish, found) throws(ContextError) in
      try found.complete(wish.event, at: wish.at)
      return Change(
        .complete, tenant: wish.tenant, service: wish.service, revision: found.revision, at: wish.at,
        customerBefore: found.customerID, customer: found.customerID,
        interaction: wish.event.fields.interactionID, principal: wish.principal, event: wish.event.text)
    }
  }
}
