public import ContextModel

/// Removes entries of an identification key that is gone.
public struct ForgetIdentities: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The key's id.
  public var key: Int64
  /// The entries.
  public var names: [String]

  /// A change by its parts.
  public init(tenant: Tenant, key: Int64, names: [String]) {
    self.tenant = tenant
    self.key = key
    self.names = names
  }

  /// Removes the entries.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    for name in names { try transaction.delete(.identity(name, key: key, tenant: tenant)) }
  }
}
