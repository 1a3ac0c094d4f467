public import ContextModel

/// Makes some profiles found by a new identification key.
public struct IndexProfiles: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The key's id.
  public var key: Int64
  /// Whose profiles.
  public var customers: [String]
  /// Whether these were the last ones.
  public var isLast: Bool

  /// A change by its parts.
  public init(tenant: Tenant, key: Int64, customers: [String], isLast: Bool) {
    self.tenant = tenant
    self.key = key
    self.customers = customers
    self.isLast = isLast
  }

  /// Indexes the profiles as they are now. Fails with 409 if two have the same values of a unique key.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    var keys = try transaction.identificationKeys(tenant: tenant)
    guard let index = keys.firstIndex(where: { $0.id == key }) else { return }
    for customer in customers {
      guard let profile = try transaction.profile(customer, tenant: tenant) else { continue }
      try transaction.index(profile, replacing: nil, by: keys[index], tenant: tenant)
    }
    guard isLast else { return }
    keys[index].isReady = true
    try transaction.put(keys, tenant: tenant)
  }
}
