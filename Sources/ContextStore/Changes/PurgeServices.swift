public import ContextModel

/// Removes those of some services that still are as a purge says.
public struct PurgeServices: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The services that were found.
  public var services: [ServiceID]
  /// What is removed.
  public var request: PurgeRequest
  /// When it was asked for.
  public var at: Timestamp
  /// Who asks for it.
  public var principal: String?

  /// A purge by its parts.
  public init(
    tenant: Tenant, services: [ServiceID], request: PurgeRequest, at: Timestamp, principal: String? = nil
  ) {
    self.tenant = tenant
    self.services = services
    self.request = request
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
      guard let service = try transaction.service(id, tenant: tenant), request.matches(service) else {
        continue
      }
      try transaction.deleteWhole(service, at: at, principal: principal)
      deleted.append(id)
    }
    return deleted
  }
}
