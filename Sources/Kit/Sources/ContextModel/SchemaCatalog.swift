/// The extension schemas in force at one moment. Immutable: a new schema makes a new catalog.
public final class SchemaCatalog: Sendable {
  /// What kind of resource an extension hangs on.
  public enum Owner: String, CaseIterable, Sendable {
    /// Services.
    case service
    /// States.
    case state
    /// Tasks.
    case task
    /// Customer profiles.
    case profile

    /// The name of the field that holds its type.
    var typeName: StaticString {
      switch self {
      case .service, .profile: "service_type"
      case .state: "state_type"
      case .task: "task_type"
      }
    }
  }

  private struct Key: Hashable, Sendable {
    let tenant: Tenant
    let owner: Owner
    let name: String
  }

  private let schemas: [Key: ExtensionSchema]

  /// A catalog without schemas.
  public init() { schemas = [:] }

  private init(_ schemas: [Key: ExtensionSchema]) { self.schemas = schemas }

  /// This catalog and one schema more, in place of one of the same name.
  public func adding(_ schema: ExtensionSchema, to owner: Owner, of tenant: Tenant) -> SchemaCatalog {
    var schemas = schemas
    schemas[Key(tenant: tenant, owner: owner, name: schema.name.lowercased())] = schema
    return SchemaCatalog(schemas)
  }

  /// This catalog without one schema.
  public func removing(_ name: String, of owner: Owner, tenant: Tenant) -> SchemaCatalog {
    var schemas = schemas
    schemas[Key(tenant: tenant, owner: owner, name: name.lowercased())] = nil
    return SchemaCatalog(schemas)
  }

  /// The schema of that name, compared without case.
  public func schema(_ name: String, of owner: Owner, tenant: Tenant) -> ExtensionSchema? {
    schemas[Key(tenant: tenant, owner: owner, name: name.lowercased())]
  }

  /// All schemas of one kind of owner, by name.
  public func schemas(of owner: Owner, tenant: Tenant) -> [ExtensionSchema] {
    schemas.filter { $0.key.tenant == tenant && $0.key.owner == owner }
      .sorted { $0.key.name < $1.key.name }.map(\.value)
  }
}
