import ContextModel
import ContextStore
import JSON
import LiaisonKit
import Synchronization

/// Brings extension schemas from the store into force: all of them at the start, later what other servers have made or
/// removed.
final class SharedSchemas: Sendable {
  private struct Name: Hashable {
    let tenant: Int64
    let owner: SchemaCatalog.Owner
    let name: String
  }

  private let registry: SchemaRegistry
  /// The schemas as they were last read, by their names in lower case.
  private let known = Mutex<[Name: StoredSchema]>([:])

  init(_ registry: SchemaRegistry) { self.registry = registry }

  /// Brings what has changed in the store since the last time. What this server changes itself meanwhile stays in force:
  /// between two looks at the store it is no difference. Blocks; any thread.
  func refresh(from store: ContextStore) throws {
    try known.withLock { known in
      var found: [Name: StoredSchema] = [:]
      for schema in try store.schemas() {
        let name = Name(
          tenant: schema.tenant.rawValue, owner: schema.owner, name: schema.name.lowercased())
        found[name] = schema
      }
      for (name, schema) in known where found[name] == nil {
        registry.remove(schema.name, of: name.owner, tenant: schema.tenant)
      }
      for (name, schema) in found where known[name] != schema {
        let document = try JSONParser().parse(schema.text)
        registry.add(try ExtensionSchema(decoding: document.root), to: name.owner, of: schema.tenant)
      }
      known = found
    }
  }
}
