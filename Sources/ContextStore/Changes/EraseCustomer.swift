public import ContextModel

/// Erases a person: profile, services with all that is in them, and the name from the history of other services.
public struct EraseCustomer: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The customer.
  public var customer: String
  /// Other services that the customer had once.
  public var formerServices: [ServiceID]
  /// Of calls whose answers name the customer.
  public var idempotencyKeys: [String]
  /// When it was asked for.
  public var at: Timestamp
  /// Who asks for it.
  public var principal: String?

  /// An erasure by its parts.
  public init(
    tenant: Tenant, customer: String, formerServices: [ServiceID], idempotencyKeys: [String] = [],
    at: Timestamp, principal: String? = nil
  ) {
    self.tenant = tenant
    self.customer = customer
    self.formerServices = formerServices
    self.idempotencyKeys = idempotencyKeys
    self.at = at
    self.principal = principal
  }

  /// What was erased.
  public struct Outcome: Sendable {
    /// What takes the rest out of the files.
    public var erasure: Erasure
    /// Whether there was a profile.
    public var hadProfile: Bool
    /// The services that are gone.
    public var services: [ServiceID]
    /// In how many other services' history the customer was.
    public var formerServices = 0
  }

  /// Erases what there is; nothing is no failure.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Outcome {
    let profile = try transaction.profile(customer, tenant: tenant)
    if let profile { try transaction.delete(profile, tenant: tenant) }
    let services = try transaction.deleteServices(
      of: customer, tenant: tenant, at: at, principal: principal, namingCustomer: false)
    let sequence = transaction.note(
      Change(.erase, tenant: tenant, at: at, principal: principal, event: Array("{}".utf8)))
    var outcome = Outcome(
      erasure: Erasure(tenant: tenant, customer: customer, sequence: sequence), hadProfile: profile != nil,
      services: services)
    let gone = Set(services)
    for service in formerServices where !gone.contains(service) {
      try transaction.put(
        Record(.erasure(of: customer, from: service, tenant: tenant), document: Array("{}".utf8)))
      outcome.formerServices += 1
    }
    for key in idempotencyKeys { try transaction.delete(.idempotencyKey(key, tenant: tenant)) }
    return outcome
  }
}
