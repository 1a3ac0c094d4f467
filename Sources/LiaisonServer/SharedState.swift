import ContextModel
import ContextStore
import JSON
import LiaisonKit
import Persistence
import Synchronization

/// Brings into force what all servers on a store share, extension schemas and the server mode: all of it at the start, later
/// what other servers have changed.
final class SharedState: Sendable {
  private struct Name: Hashable {
    let tenant: Int64
    let owner: SchemaCatalog.Owner
    let name: String
  }

  private let registry: SchemaRegistry
  private let mode: ServerMode
  /// The schemas as they were last read, by their names in lower case.
  private let known = Mutex<[Name: StoredSchema]>([:])

  init(_ registry: SchemaRegistry, _ mode: ServerMode) {
    self.registry = registry
    self.mode = mode
  }

  /// Brings what has changed in the store since the last time. What this server changes itself meanwhile stays in force:
  /// between two looks at the store it is no difference. Blocks; any thread.
  func refresh(from store: ContextStore) throws {
    try mode.restore(from: store)
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
