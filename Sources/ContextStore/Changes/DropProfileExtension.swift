public import ContextModel

/// Drops the values of an extension whose schema is gone.
public struct DropProfileExtension: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The extension; compared without case.
  public var name: String
  /// Whose profiles.
  public var customers: [String]

  /// A change by its parts.
  public init(tenant: Tenant, name: String, customers: [String]) {
    self.tenant = tenant
    self.name = name
    self.customers = customers
  }

  /// Drops the values, in silence: no event says so but the schema's own.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    for customer in customers {
      guard let former = try transaction.profile(customer, tenant: tenant), former.extension(name) != nil
      else {
        continue
      }
      var profile = former
      profile.profile.touch()
      profile.set(name, nil)
      try transaction.put(profile, replacing: former, tenant: tenant)
    }
  }
}
