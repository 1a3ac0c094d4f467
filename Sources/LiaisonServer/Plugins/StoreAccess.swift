import ContextModel
import ContextStore
import EventLoop
import JSON
import LiaisonKit
import MappingCache
import Synchronization

/// The store and the cache as plugins see them, from any task. Plugins are made before the store is opened, so that a bad
/// configuration opens nothing.
final class StoreAccess: StoreQueries, MappingQueries {
  /// What there is once the store is open.
  final class Opened: Sendable {
    let store: ContextStore
    let cache: MappingCache?
    let loops: [EventLoop]
    private let turn = Atomic<Int>(0)

    init(store: ContextStore, cache: MappingCache?, loops: [EventLoop]) {
      self.store = store
      self.cache = cache
      self.loops = loops
    }

    /// Runs what may run on a loop only: on the caller's, or else on each in turn.
    func onLoop<Success: Sendable>(
      _ body: @escaping @Sendable () async throws(ContextError) -> Success
    ) async throws(ContextError) -> Success {
      if let loop = EventLoop.current, loop.index < loops.count, loops[loop.index] === loop {
        return try await body()
      }
      let loop = loops[turn.add(1, ordering: .relaxed).oldValue % loops.count]
      // A preference of the caller's task would not do: it takes effect at the next suspension only.
      let task = Task(executorPreference: loop) { () async -> Result<Success, ContextError> in
        do throws(ContextError) { return .success(try await body()) } catch { return .failure(error) }
      }
      return try await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }.get()
    }
  }

  private let openedOnce = AtomicLazyReference<Opened>()

  /// Called once, before the first call.
  func open(_ opened: Opened) { _ = openedOnce.storeIfNil(opened) }

  /// - Throws: 503 before ``open(_:)``.
  var opened: Opened {
    get throws(ContextError) {
      guard let opened = openedOnce.load() else { throw .storeUnavailable("it is not open yet") }
      return opened
    }
  }

  func service(
    _ id: ServiceID, tenant: Tenant, extensions: ExtensionSelection
  ) async throws(ContextError) -> ServiceRecord? {
    let opened = try opened
    return try await opened.onLoop { () async throws(ContextError) in
      try await opened.store.service(id, tenant: tenant, extensions: extensions)
    }
  }

  func profile(of customer: String, tenant: Tenant) async throws(ContextError) -> ProfileRecord? {
    let opened = try opened
    return try await opened.onLoop { () async throws(ContextError) in
      try await opened.store.profile(customer, tenant: tenant)
    }
  }

  func mapping(of service: ServiceID, tenant: Tenant) async throws(ContextError) -> ServiceMapping? {
    let opened = try opened
    return try await opened.onLoop { () async throws(ContextError) in
      try await Self.mapping(of: service, tenant: tenant, in: opened)
    }
  }

  private static func mapping(
    of service: ServiceID, tenant: Tenant, in opened: Opened
  ) async throws(ContextError) -> ServiceMapping? {
    let outcome = await opened.cache?.read(service, tenant: tenant) ?? .bypass
    if case .hit(let document, let revision) = outcome,
      let found = ServiceMapping(service, cached: document, revision: revision)
    {
      return found
    }
    guard let mapping = try await opened.store.mappings(of: [(tenant, service)]).first else { return nil }
    if case .miss(let miss) = outcome { opened.cache?.fill(CachedService(mapping), after: miss) }
    return ServiceMapping(
      service: service, customer: mapping.customer, status: mapping.status, revision: mapping.revision,
      document: mapping.document, isCached: false)
  }
}

extension ServiceMapping {
  /// What Redis has; `nil` if it is no document of this server's.
  fileprivate init?(_ service: ServiceID, cached document: [UInt8], revision: Int64) {
    guard let value = try? JSONParser().parse(document).root else { return nil }
    self.init(
      service: service, customer: value["customer_id"]?.string,
      status: value["completed"] == nil ? .active : .completed, revision: revision, document: document,
      isCached: true)
  }
}
