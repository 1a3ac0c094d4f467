public import ContextModel

/// Removes those of some services that still are as is wanted: a step of what removes many.
public struct DeleteServices: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The services that were found.
  public var services: [ServiceID]
  /// Which of them are removed.
  public var matches: @Sendable (Service) -> Bool
  /// Whether the change sequence tells whose they were.
  public var namesCustomer: Bool
  /// When it was asked for.
  public var at: Timestamp
  /// Who asks for it.
  public var principal: String?

  /// A step by its parts.
  public init(
    tenant: Tenant, services: [ServiceID], namesCustomer: Bool = true, at: Timestamp,
    principal: String? = nil, where matches: @escaping @Sendable (Service) -> Bool
  ) {
    self.tenant = tenant
    self.services = services
    self.matches = matches
    self.namesCustomer = namesCustomer
    self.at = at
    self.principal = principal
  }

  /// The services.
  public func prefetch(into keys: inout [RecordKey]) {
    for service in services { keys.append(.service(service, tenant: tenant)) }
  }

  /// Removes them.
  ///
  /// - Returns: those that are gone.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> [ServiceID] {
    var deleted: [ServiceID] = []
    for id in services {
      guard let service = try transaction.service(id, tenant: tenant), matches(service) else { continue }
      try transaction.deleteWhole(service, at: at, principal: principal, namingCustomer: namesCustomer)
      deleted.append(id)
    }
    return deleted
  }
}
