public import ContextModel

/// Drops the values of an extension whose schema ``DeleteExtensionSchema`` has removed.
public struct DropProfileExtension: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The extension; compared without case.
  public var name: String
  /// Whose profiles.
  public var customers: [String]
  /// Whether these were the last ones.
  public var isLast: Bool

  /// A change by its parts.
  public init(tenant: Tenant, name: String, customers: [String], isLast: Bool) {
    self.tenant = tenant
    self.name = name
    self.customers = customers
    self.isLast = isLast
  }

  /// Drops the values, in silence: no event says so but the schema's own. Nothing happens if somebody else has come to the end
  /// of them: the extension may be a new one.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    guard try transaction.storedKeys(tenant: tenant).isDropping(name) else { return }
    for customer in customers {
      guard let former = try transaction.profile(customer, tenant: tenant), former.extension(name) != nil
      else {
        continue
      }
      var profile = former
      profile.profile.touch()
      try transaction.put(profile, replacing: former, tenant: tenant)
    }
    guard isLast else { return }
    var stored = try transaction.storedKeys(tenant: tenant)
    stored.droppedExtensions.removeAll { $0 == name.lowercased() }
    try transaction.put(stored, tenant: tenant)
  }
}
