public import ContextModel

/// Forgets answers that nobody will ask for again.
public struct ForgetIdempotencyKeys: StoreChange {
  /// The keys.
  public var keys: [(tenant: Tenant, key: String)]

  /// A change by its keys.
  public init(keys: [(tenant: Tenant, key: String)]) { self.keys = keys }

  /// Removes them.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    for key in keys { try transaction.delete(.idempotencyKey(key.key, tenant: key.tenant)) }
  }
}
