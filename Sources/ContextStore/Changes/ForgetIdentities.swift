public import ContextModel

/// Removes entries of an identification key that is removed.
public struct ForgetIdentities: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The key's id.
  public var key: Int64
  /// The entries; empty if there are none any more.
  public var names: [String]

  /// A change by its parts.
  public init(tenant: Tenant, key: Int64, names: [String]) {
    self.tenant = tenant
    self.key = key
    self.names = names
  }

  /// Removes the entries or, if there are none any more, what the store knows of the key.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    for name in names { try transaction.delete(.identity(name, key: key, tenant: tenant)) }
    guard names.isEmpty else { return }
    var stored = try transaction.storedKeys(tenant: tenant)
    guard let index = stored.removed.firstIndex(where: { $0.id == key }) else { return }
    stored.removed.remove(at: index)
    try transaction.put(stored, tenant: tenant)
  }
}
