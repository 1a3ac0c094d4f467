import ContextModel
import ContextStore
import LiaisonKit
import Synchronization

/// The store as plugins see it. Plugins are made before the store is opened, so that a bad configuration opens nothing.
final class StoreAccess: StoreQueries {
  private let opened = AtomicLazyReference<ContextStore>()

  /// Called once, before the first call.
  func open(_ store: ContextStore) { _ = opened.storeIfNil(store) }

  func service(
    _ id: ServiceID, tenant: Tenant, extensions: ExtensionSelection
  ) async throws(ContextError) -> ServiceRecord? {
    try await store.service(id, tenant: tenant, extensions: extensions)
  }

  func profile(of customer: String, tenant: Tenant) async throws(ContextError) -> ProfileRecord? {
    try await store.profile(customer, tenant: tenant)
  }

  private var store: ContextStore {
    get throws(ContextError) {
      guard let store = opened.load() else { throw .storeUnavailable("it is not open yet") }
      return store
    }
  }
}
