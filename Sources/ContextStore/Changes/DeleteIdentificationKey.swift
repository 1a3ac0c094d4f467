public import ContextModel

/// Delete Identification Key. Its entries are removed by ``ForgetIdentities``, and until then the store knows of it.
public struct DeleteIdentificationKey: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The key; compared without case.
  public var name: String
  /// When it was asked for.
  public var at: Timestamp
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(tenant: Tenant, name: String, at: Timestamp, principal: String? = nil) {
    self.tenant = tenant
    self.name = name
    self.at = at
    self.principal = principal
  }

  /// Removes the key; one that is removed already but for its entries stays so. Fails with 404.
  ///
  /// - Returns: the key's id.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Int64 {
    let name = name.lowercased()
    var stored = try transaction.storedKeys(tenant: tenant)
    guard let index = stored.keys.firstIndex(where: { $0.name.lowercased() == name }) else {
      guard let key = stored.removed.first(where: { $0.name.lowercased() == name }) else {
        throw .identificationKeyNotFound(self.name)
      }
      return key.id
    }
    var key = stored.keys.remove(at: index)
    transaction.note(
      Change(.deleteIdentificationKey, tenant: tenant, at: at, principal: principal, event: key.text))
    key.isReady = false
    stored.removed.append(key)
    try transaction.put(stored, tenant: tenant)
    return key.id
  }
}

extension ContextError {
  /// 404: no identification key of that name.
  public static func identificationKeyNotFound(_ name: String) -> ContextError {
    ContextError(
      status: 404, code: "identification_key_not_found", message: "There is no identification key \(name).",
      field: "name")
  }
}
