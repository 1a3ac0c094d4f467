public import ContextModel

/// Associate Service: binds a service to a customer, whoever had it before.
public struct AssociateService: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// To whom it shall belong.
  public var customer: String
  /// What is updated on the way.
  public var event: Event
  /// When it was: the event's own timestamp, or the moment of the call.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// An association by its parts.
  public init(
    tenant: Tenant, service: ServiceID, customer: String, _ event: Event, at: Timestamp,
    condition: RevisionCondition? = nil, principal: String? = nil
  ) {
    self.tenant = tenant
    self.service = service
    self.customer = customer
    self.event = event
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// The service, and the extensions that it gives.
  public func prefetch(into keys: inout [RecordKey]) {
    keys.append(service, extensionsOf: event, tenant: tenant)
  }

  /// Associates the service. Fails with 404 and 412.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Written {
    try transaction.putExtensions(of: event, to: .service, in: service, tenant: tenant)
    return try transaction.update(service, tenant: tenant, condition, for: self) { wish, found in
      let before = found.customerID
      found.associate(with: wish.customer, wish.event)
      return Change(
        .associate, tenant: wish.tenant, service: wish.service, revision: found.revision, at: wish.at,
        customerBefore: before, customer: wish.customer, interaction: wish.event.fields.interactionID,
        principal: wish.principal, event: wish.event.text)
    }
  }
}
