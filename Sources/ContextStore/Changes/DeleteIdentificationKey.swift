public import ContextModel

/// Delete Identification Key. Its entries are removed by ``ForgetIdentities``.
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

  /// Removes the key. Fails with 404.
  ///
  /// - Returns: the key's id.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Int64 {
    var keys = try transaction.identificationKeys(tenant: tenant)
    guard let index = keys.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) else {
      throw .identificationKeyNotFound(name)
    }
    let key = keys.remove(at: index)
    transaction.note(
      Change(.deleteIdentificationKey, tenant: tenant, at: at, principal: principal, event: key.text))
    try transaction.put(keys, tenant: tenant)
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
