import ContextModel
import LiaisonKit
import Synchronization

/// The schemas, compiled when they are first met and kept as long as the catalog they are from.
///
/// Any thread may ask. Bounded by the number of schemas: names that nobody has made a schema for leave no trace.
final class CompiledSchemas: Sendable {
  private struct Key: Hashable {
    let tenant: Tenant
    let owner: SchemaCatalog.Owner
    let name: String
  }

  private struct State {
    var catalog: SchemaCatalog?
    /// By the names as the schemas spell them.
    var compiled: [Key: CompiledSchema] = [:]
  }

  private let schemas: SchemaRegistry
  private let state = Mutex(State())

  init(_ schemas: SchemaRegistry) { self.schemas = schemas }

  /// The schema of that name, compared without case, in the catalog that is in force now.
  func schema(_ name: String, _ owner: SchemaCatalog.Owner, _ tenant: Tenant) -> CompiledSchema? {
    let catalog = schemas.current
    let key = Key(tenant: tenant, owner: owner, name: name)
    if let known = state.withLock({ $0.catalog === catalog ? $0.compiled[key] : nil }) { return known }
    guard let schema = catalog.schema(name, of: owner, tenant: tenant) else { return nil }
    let compiled = CompiledSchema(schema)
    state.withLock { state in
      if state.catalog !== catalog { state = State(catalog: catalog) }
      state.compiled[Key(tenant: tenant, owner: owner, name: schema.name)] = compiled
    }
    return compiled
  }

  /// The names of all schemas of one kind of owner.
  func names(_ owner: SchemaCatalog.Owner, _ tenant: Tenant) -> [String] {
    schemas.current.schemas(of: owner, tenant: tenant).map(\.name)
  }
}
