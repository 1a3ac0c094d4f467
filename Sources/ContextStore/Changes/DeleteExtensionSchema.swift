public import ContextModel

/// Delete Profile Extension Schema. The values are dropped by ``DropProfileExtension``, and until then the store knows that they
/// are being dropped.
public struct DeleteExtensionSchema: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The schema; compared without case.
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

  /// Removes the schema; one that is removed already but for values stays so. Fails with 404, and with 409 while an
  /// identification key uses it.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    let key = RecordKey.schema(name, of: .profile, tenant: tenant)
    var stored = try transaction.storedKeys(tenant: tenant)
    guard let schema = try transaction.record(key) else {
      guard stored.isDropping(name) else { throw .schemaNotFound(name, .profile) }
      return
    }
    if let user = stored.keys.first(where: { $0.source?.lowercased() == name.lowercased() }) {
      throw ContextError(
        status: 409, code: "schema_in_use",
        message: "The identification key \(user.name) uses the extension \(schema.name).", field: "name")
    }
    transaction.note(
      Change(.deleteSchema, tenant: tenant, at: at, principal: principal, event: schema.document))
    try transaction.delete(key)
    stored.droppedExtensions.append(name.lowercased())
    try transaction.put(stored, tenant: tenant)
  }
}

extension ContextError {
  /// 404: no schema of that name for that kind of owner.
  public static func schemaNotFound(_ name: String, _ owner: SchemaCatalog.Owner) -> ContextError {
    ContextError(
      status: 404, code: "schema_not_found",
      message: "There is no \(owner.rawValue) extension schema \(name).",
      field: "name")
  }
}
