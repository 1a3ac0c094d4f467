public import ContextModel

/// An extension schema as it is kept.
public struct StoredSchema: Sendable, Equatable {
  /// Whose schema it is.
  public var tenant: Tenant
  /// What kind of resource the extension hangs on.
  public var owner: SchemaCatalog.Owner
  /// The name; unique without case for one tenant and owner.
  public var name: String
  /// The schema as JSON text, see `ExtensionSchema.text`.
  public var text: [UInt8]

  /// A schema by its parts.
  public init(tenant: Tenant, owner: SchemaCatalog.Owner, name: String, text: [UInt8]) {
    self.tenant = tenant
    self.owner = owner
    self.name = name
    self.text = text
  }
}
