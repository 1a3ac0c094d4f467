public import ContextModel

/// Delete Customer Profile: with its extensions and its entries under identification keys and, if wanted, all services of the customer.
public struct DeleteProfile: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The customer.
  public var customer: String
  /// Whether the services of the customer go too, as in version 8.1.
  public var withServices: Bool
  /// When it was asked for.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, customer: String, withServices: Bool, at: Timestamp, condition: RevisionCondition? = nil,
    principal: String? = nil
  ) {
    self.tenant = tenant
    self.customer = customer
    self.withServices = withServices
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// Removes the profile. Fails with 404 and 412.
  ///
  /// - Returns: the services that went with it.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> [ServiceID] {
    let profile = try transaction.existingProfile(customer, tenant: tenant, condition)
    transaction.note(
      Change(
        .deleteProfile, tenant: tenant, at: at, customerBefore: customer, principal: principal,
        event: Array("{}".utf8)))
    try transaction.delete(profile, tenant: tenant)
    guard withServices else { return [] }
    return try transaction.deleteServices(of: customer, tenant: tenant, at: at, principal: principal)
  }
}
