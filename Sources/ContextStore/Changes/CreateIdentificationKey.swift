public import ContextModel

/// Create Identification Key. Profiles that are there are found by it once ``IndexProfiles`` has gone through them.
public struct CreateIdentificationKey: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The key; its id is made here.
  public var key: IdentificationKey
  /// When it was asked for.
  public var at: Timestamp
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(tenant: Tenant, key: IdentificationKey, at: Timestamp, principal: String? = nil) {
    self.tenant = tenant
    self.key = key
    self.at = at
    self.principal = principal
  }

  /// Keeps the key, or goes on with the same one that is not ready yet. Fails with 409 if there is one of that name.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> IdentificationKey {
    let name = self.key.name.lowercased()
    var stored = try transaction.storedKeys(tenant: tenant)
    if let other = stored.keys.first(where: { $0.name.lowercased() == name }) {
      if !other.isReady, other.text == self.key.text { return other }
      throw ContextError(
        status: 409, code: "identification_key_exists",
        message: "There is an identification key \(self.key.name) already; names are compared without case.",
        field: "name")
    }
    var key = key
    let number = transaction.note(
      Change(.createIdentificationKey, tenant: tenant, at: at, principal: principal, event: key.text))
    // The number is not certain yet: another server of the store may have a change on its way. What is locked is: two keys have
    // different ids, and the id of a key that is gone does not come again.
    let revision = try transaction.record(.identificationKeys(tenant: tenant))?.revision ?? 0
    key.id = max(number, ((stored.keys + stored.removed).map(\.id).max() ?? 0) + revision + 1)
    key.isReady = false
    stored.keys.append(key)
    try transaction.put(stored, tenant: tenant)
    return key
  }
}
