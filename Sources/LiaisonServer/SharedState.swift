import ContextModel
import ContextStore
import JSON
@_spi(Server) import LiaisonKit
import Persistence
import Synchronization

/// Brings into force what all servers on a store share, extension schemas and the server mode: at the start, and when other
/// servers have changed it.
final class SharedState: Sendable {
  private let registry: SchemaRegistry
  private let mode: ServerMode
  /// Whether it was told that the store cannot be read.
  private let isFailing = Atomic<Bool>(false)

  init(_ registry: SchemaRegistry, _ mode: ServerMode) {
    self.registry = registry
    self.mode = mode
  }

  /// Brings in force what the store has now. Blocks; any thread.
  func refresh(from store: ContextStore) throws {
    try mode.restore(from: store)
    // What this server has changed while the store was read may be newer than what was read.
    while try !takeSchemas(of: store) {}
  }

  /// The same when another server may have changed something. What fails is told once.
  ///
  /// - Returns: whether that is in force.
  func follow(_ store: ContextStore, _ log: Log) -> Bool {
    do {
      try refresh(from: store)
      isFailing.store(false, ordering: .relaxed)
      return true
    } catch {
      if !isFailing.exchange(true, ordering: .relaxed) {
        log.error("what another server has changed cannot be read", ["error": "\(error)"])
      }
      return false
    }
  }

  private func takeSchemas(of store: ContextStore) throws -> Bool {
    let edits = registry.editCount
    var catalog = SchemaCatalog()
    for stored in try store.schemas() {
      let document = try JSONParser().parse(stored.text)
      catalog = catalog.adding(
        try ExtensionSchema(decoding: document.root), to: stored.owner, of: stored.tenant)
    }
    return registry.replace(with: catalog, ifEditedOnly: edits)
  }
}
