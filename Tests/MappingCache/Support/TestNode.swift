import ContextModel
import EventLoop
import LiaisonKit
import Synchronization
import Testing

@testable import MappingCache

/// A store in memory: what is committed is what counts.
final class ModelStore: Sendable {
  private struct State {
    var services: [ServiceID: CachedService] = [:]
    var reloaded = 0
    var isAway = false
  }
  private let state = Mutex(State())

  /// A change becomes durable.
  @discardableResult
  func commit(
    _ id: ServiceID, customer: String? = "customer", isCompleted: Bool = false, document: [UInt8]? = nil
  ) -> CachedService {
    state.withLock { state in
      let revision = (state.services[id]?.revision ?? 0) + 1
      let service = CachedService(
        service: id, tenant: .single, revision: revision, customer: customer, isCompleted: isCompleted,
        document: document ?? Array("\(id)@\(revision)".utf8))
      state.services[id] = service
      return service
    }
  }

  func remove(_ id: ServiceID) { state.withLock { $0.services[id] = nil } }

  func read(_ id: ServiceID) -> CachedService? { state.withLock { $0.services[id] } }

  var all: [CachedService] { state.withLock { Array($0.services.values) } }

  /// How many services were asked for by a replay.
  var reloaded: Int { state.withLock { $0.reloaded } }

  var isAway: Bool {
    get { state.withLock { $0.isAway } }
    set { state.withLock { $0.isAway = newValue } }
  }

  func reload(_ ids: [ServiceID]) throws -> [CachedService] {
    try state.withLock { state in
      guard !state.isAway else { throw TestFailure("the store is away") }
      state.reloaded += ids.count
      return ids.compactMap { state.services[$0] }
    }
  }
}

/// A node: loops that run, a store and a cache. Used by one test.
final class TestNode: Sendable {
  let loops: [EventLoop]
  let store: ModelStore
  let cache: MappingCache

  init(
    _ location: RedisLocation, loops count: Int = 2, store: ModelStore = ModelStore(),
    _ configure: (inout CacheOptions) -> Void = { _ in }
  ) throws {
    loops = try (0..<count).map { try EventLoop(index: $0) }
    for loop in loops { loop.start(named: "test-\(loop.index)") }
    self.store = store
    var options = CacheOptions()
    // Tests share the machine with others; those about time set their own.
    options.wait = .seconds(1)
    configure(&options)
    cache = MappingCache(location: location, options: options, loops: loops, log: Log(level: .error)) {
      try store.reload($0)
    }
  }

  /// Runs `body` with a node that has started, and ends it.
  static func with(
    _ redis: TestRedis, loops: Int = 2, store: ModelStore = ModelStore(),
    _ configure: (inout CacheOptions) -> Void = { _ in }, _ body: (TestNode) async throws -> Void
  ) async throws {
    let node = try TestNode(.single(.unix(path: redis.socket)), loops: loops, store: store, configure)
    await node.cache.start()
    do {
      try await body(node)
    } catch {
      await node.end()
      throw error
    }
    await node.end()
  }

  func end() async {
    await cache.stop()
    for loop in loops { loop.stop() }
    for loop in loops { loop.join() }
  }

  /// Runs `body` as a task of a loop.
  func on<Result: Sendable>(_ loop: Int = 0, _ body: @escaping @Sendable () async -> Result) async -> Result {
    let loop = loops[loop]
    return await withCheckedContinuation { continuation in
      loop.post {
        loop.runTask { continuation.resume(returning: await body()) }
      }
    }
  }

  /// Commits and writes through; returns what was committed, after the write has returned.
  @discardableResult
  func write(_ id: ServiceID, on loop: Int = 0, customer: String? = "customer") async -> CachedService {
    await on(loop) { [self] in
      let ticket = cache.ticket()
      let service = store.commit(id, customer: customer)
      await cache.write(service, since: ticket)
      return service
    }
  }

  func read(_ id: ServiceID, on loop: Int = 0) async -> CacheRead {
    await on(loop) { [cache] in await cache.read(id, tenant: .single) }
  }

  func counts(_ results: [(result: String, counter: Counter)]) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: results.map { ($0.result, $0.counter.value) })
  }

  var writes: [String: Int] { counts(cache.metrics.writes) }

  /// Waits until the cache is believed.
  func believed(within limit: Duration = .seconds(60), _ location: SourceLocation = #_sourceLocation) async {
    await eventually("the cache is believed", within: limit, location) { self.cache.isBelieved }
  }
}

/// All tests of the cache, one after the other: each has a Redis of its own, and some are about time.
@Suite(.serialized) enum CacheTests {}

/// Waits for a condition that other threads bring about.
func eventually(
  _ what: Comment, within limit: Duration = .seconds(60), _ location: SourceLocation = #_sourceLocation,
  _ condition: () -> Bool
) async {
  let deadline = ContinuousClock.now + limit
  while !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record(what, sourceLocation: location)
      return
    }
    try? await Task.sleep(for: .milliseconds(1))
  }
}

extension ServiceID: @retroactive ExpressibleByIntegerLiteral {
  /// An id that a test writes down.
  public init(integerLiteral value: Int64) { self.init(value)! }
}

extension CacheRead {
  /// The revision of a hit; 0 for a miss, -1 for a bypass.
  var revision: Int64 {
    switch self {
    case .hit(_, let revision): revision
    case .miss: 0
    case .bypass: -1
    }
  }
}
