public import ContextModel

/// Makes some profiles found by a new identification key.
public struct IndexProfiles: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The key.
  public var key: IdentificationKey
  /// Whose profiles.
  public var customers: [String]
  /// Whether these were the last ones.
  public var isLast: Bool

  /// A change by its parts.
  public init(tenant: Tenant, key: IdentificationKey, customers: [String], isLast: Bool) {
    self.tenant = tenant
    self.key = key
    self.customers = customers
    self.isLast = isLast
  }

  /// Indexes the profiles as they are now. Fails with 404 if the key is removed meanwhile, and with 409 if two have the same
  /// values of a unique key.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    var stored = try transaction.storedKeys(tenant: tenant)
    guard let index = stored.keys.firstIndex(where: { $0.id == key.id }) else {
      throw .identificationKeyNotFound(key.name)
    }
    for customer in customers {
      guard let profile = try transaction.profile(customer, tenant: tenant) else { continue }
      try transaction.index(profile, replacing: nil, by: key, tenant: tenant)
    }
    guard isLast else { return }
    stored.keys[index].isReady = true
    try transaction.put(stored, tenant: tenant)
  }
}
