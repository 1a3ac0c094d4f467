public import ContextModel

/// Create Service, State, Task or Profile Extension Schema.
public struct CreateExtensionSchema: StoreChange {
  /// Whose schema it is.
  public var tenant: Tenant
  /// What kind of resource the extension hangs on.
  public var owner: SchemaCatalog.Owner
  /// The name; unique without case for one tenant and owner.
  public var name: String
  /// The schema as JSON text, see `ExtensionSchema.text`.
  public var text: [UInt8]
  /// When it was asked for.
  public var at: Timestamp
  /// Who asks for it.
  public var principal: String?

  /// A creation by its parts.
  public init(
    tenant: Tenant, owner: SchemaCatalog.Owner, name: String, text: [UInt8], at: Timestamp,
    principal: String? = nil
  ) {
    self.tenant = tenant
    self.owner = owner
    self.name = name
    self.text = text
    self.at = at
    self.principal = principal
  }

  /// Keeps the schema. Fails with 409 if there is one of that name, or the values of a former one are still being dropped.
  ///
  /// - Returns: the change's number.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Int64 {
    let key = RecordKey.schema(name, of: owner, tenant: tenant)
    guard try transaction.record(key) == nil else {
      throw ContextError(
        status: 409, code: "schema_exists",
        message: "There is an extension schema \(name) already; names are compared without case.",
        field: "name")
    }
    if owner == .profile, try transaction.storedKeys(tenant: tenant).isDropping(name) {
      throw ContextError(
        status: 409, code: "schema_dropping",
        message:
          "The values of the former extension \(name) are still being dropped. Deleting its schema again waits for the end of it.",
        field: "name", retryAfter: 1)
    }
    let sequence = transaction.note(
      Change(.createSchema, tenant: tenant, at: at, principal: principal, event: text))
    try transaction.put(Record(key, name: name, document: text))
    return sequence
  }
}
