public import ContextModel

/// Start Service.
public struct StartService: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The start event. Its timestamp must be set; that it names a customer or a contact key was checked.
  public var event: Event
  /// Who asks for it.
  public var principal: String?

  /// A start by its parts.
  public init(tenant: Tenant, _ event: Event, principal: String? = nil) {
    self.tenant = tenant
    self.event = event
    self.principal = principal
  }

  /// Starts the service.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Written {
    let service = Service(id: try transaction.newServiceID(), tenant: tenant, starting: event)
    let sequence = transaction.note(
      Change(
        .start, tenant: tenant, service: service.id, revision: service.revision, at: service.startedAt,
        customer: service.customerID, interaction: event.fields.interactionID,
        principal: principal, event: event.text))
    try transaction.putExtensions(of: event, to: .service, in: service.id, tenant: tenant)
    return Written(mapping: try transaction.put(service), sequence: sequence)
  }
}
