public import ContextModel

/// Delete Service by ID: the service, its states, its tasks and all extensions go.
public struct DeleteService: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// When it was asked for.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, service: ServiceID, at: Timestamp, condition: RevisionCondition? = nil,
    principal: String? = nil
  ) {
    self.tenant = tenant
    self.service = service
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// What it surely looks at.
  public func prefetch(into keys: inout [RecordKey]) {
    keys.append(.service(service, tenant: tenant))
  }

  /// Removes the service. Fails with 404 and 412.
  ///
  /// - Returns: the service as it last was.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Mapping {
    let found = try transaction.existingService(service, tenant: tenant, condition)
    try transaction.deleteWhole(found, at: at, principal: principal)
    return Mapping(of: found)
  }
}
