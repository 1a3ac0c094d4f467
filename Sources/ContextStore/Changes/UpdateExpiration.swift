public import ContextModel

/// Update Expiration Time.
public struct UpdateExpiration: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// Holds the expiration.
  public var event: Event
  /// From when a time to live counts.
  public var at: Timestamp
  /// The revisions at which it is wanted.
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

  /// Sets until when the service is kept. Fails with 404 and 412.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Written {
    var found = try transaction.existingService(service, tenant: tenant, condition)
    if let expiration = event.expiration { found.expire(expiration, from: at) }
    let sequence = transaction.note(
      Change(
        .updateExpiration, tenant: tenant, service: service, revision: found.revision, at: at,
        customerBefore: found.customerID,
        customer: found.customerID, principal: principal, event: event.text))
    return Written(mapping: try transaction.put(found), sequence: sequence)
  }
}
