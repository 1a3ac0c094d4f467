public import ContextModel
public import EventLoop
import Glibc
public import LiaisonKit
import Synchronization

/// The hot mappings of a node, written through to Redis and read from there while that can be believed.
///
/// One for the node, with a connection on each loop. Its methods are called on one of the loops and resume there,
/// unless their comment says otherwise. Nothing that happens to Redis fails a call:
///
/// ```swift
/// let ticket = cache.ticket()                    // before the store is handed the change
/// let mapping = try await store.commit(change)
/// await cache.write(mapping, since: ticket)      // the reply leaves after this
///
/// switch await cache.read(id, tenant: tenant) {
/// case .hit(let document, _): return document
/// case .bypass: return try await store.read(id)
/// case .miss(let miss):
///   let mapping = try await store.read(id)
///   cache.fill(mapping, after: miss)
///   return mapping.document
/// }
/// ```
///
/// How it stays right when Redis is slow, away, restarted or flushed is told in the article "Protocol".
public final class MappingCache: Sendable {
  /// What it counts.
  public var metrics: CacheMetrics { node.metrics }
  private let node: CacheNode
  /// By the loop's index.
  private let loops: [CacheLoop?]
  private let all: Broadcast

  /// A cache that does not connect yet.
  ///
  /// - Parameters:
  ///   - location: where Redis is.
  ///   - loops: the loops that will use it; their indices differ.
  ///   - reload: the newest state of services in the store, for what Redis has missed; those that do not exist come
  ///     as ``CachedService/deleted(_:)``. Called on a loop. What it throws is taken for a store that is away for now.
  public init(
    location: RedisLocation, options: CacheOptions = CacheOptions(), loops: [EventLoop], log: Log,
    reload: @escaping @Sendable ([ServiceID]) async throws -> [CachedService]
  ) {
    precondition(!loops.isEmpty, "a cache needs a loop")
    node = CacheNode(loops: loops.count, location: location, log: log)
    let setup = CacheSetup(
      node: node, location: location, options: options, missedLimit: options.missedLimit / loops.count,
      reload: reload)
    let all = Broadcast()
    let made = loops.enumerated().map { place, loop in
      CacheLoop(setup, on: loop, isFirst: place == 0) { all.send() }
    }
    all.loops.withLock { $0 = made }
    self.all = all
    var places: [CacheLoop?] = Array(repeating: nil, count: (loops.map(\.index).max() ?? 0) + 1)
    for one in made {
      precondition(places[one.loop.index] == nil, "two loops have the index \(one.loop.index)")
      places[one.loop.index] = one
    }
    self.loops = places
  }

  /// Connects and raises the epoch: nobody knows what an earlier process committed and Redis does not have. Returns
  /// when the cache is believed or when that will take longer, after a second at most; connecting goes on then.
  /// Any thread or task; the loops run.
  public func start() async {
    // OpenSSL writes to sockets whose other end may be closed.
    var action = sigaction()
    if sigaction(SIGPIPE, nil, &action) == 0, action.__sigaction_handler.sa_handler == nil {
      signal(SIGPIPE, SIG_IGN)
    }
    for case let one? in loops { one.loop.post { one.start() } }
    await withCheckedContinuation { continuation in
      node.whenStarted { continuation.resume() }
    }
  }

  /// What is known before a change is handed to the store.
  public func ticket() -> CacheTicket { CacheTicket(epoch: node.epoch) }

  /// Shows a committed change to Redis, with everything else that this loop writes in this tick. Returns when Redis
  /// has answered, or after ``CacheOptions/wait``, or at once while this loop's Redis is away. Unless Redis has the
  /// change, the cache is not believed from before this returns until Redis has caught up.
  ///
  /// - Parameter ticket: taken before the change was handed to the store.
  public func write(_ service: CachedService, since ticket: CacheTicket) async {
    await withUnsafeContinuation { continuation in
      write(service, since: ticket) { continuation.resume() }
    }
  }

  /// Shows Redis what one committed change has made of many services, as many at a time as leave in one command.
  /// Returns like ``write(_:since:)``.
  public func write(_ services: [CachedService], since ticket: CacheTicket) async {
    for start in stride(from: 0, to: services.count, by: GatheredWrite.most) {
      await withUnsafeContinuation { continuation in
        let some = services[start..<min(start + GatheredWrite.most, services.count)]
        var waiting = some.count
        for service in some {
          write(service, since: ticket) {
            waiting -= 1
            if waiting == 0 { continuation.resume() }
          }
        }
      }
    }
  }

  /// Shows a committed change to Redis without a task.
  ///
  /// - Parameter completion: called on the same loop when the asynchronous form would return, perhaps before this returns.
  public func write(
    _ service: CachedService, since ticket: CacheTicket, _ completion: @escaping () -> Void
  ) {
    node.writes.advance(service.service)
    let one = current
    guard let client = one.client(for: service.service) else {
      one.skip(service.service)
      return completion()
    }
    if client.accepts(ticket.epoch) {
      client.write(service, ticket.epoch, completion)
    } else if client.isAnswering, ticket.epoch != node.epoch {
      client.park(service.service, until: client.deadline, completion)
    } else {
      client.skip(service.service)
      completion()
    }
  }

  /// Changes may have been committed that Redis was not shown: no entry is believed until these services were read from the store.
  public func doubt(_ services: [ServiceID]) {
    for service in services {
      node.writes.advance(service)
      if let client = current.client(for: service) { client.skip(service) } else { current.skip(service) }
    }
  }

  /// The store has lost changes that Redis was shown: no entry that is there counts any more. Any thread.
  public func doubtAll() {
    guard let first = loops.lazy.compactMap(\.self).first else { return }
    first.loop.post { first.lose() }
  }

  /// What Redis has for a service, after ``CacheOptions/wait`` at most.
  public func read(_ id: ServiceID, tenant: Tenant) async -> CacheRead {
    await withUnsafeContinuation { continuation in
      read(id, tenant: tenant) { continuation.resume(returning: $0) }
    }
  }

  /// What Redis has for a service, without a task.
  ///
  /// - Parameter completion: called on the same loop when the asynchronous form would return, perhaps before this returns.
  public func read(_ id: ServiceID, tenant: Tenant, _ completion: @escaping (CacheRead) -> Void) {
    let belief = node.belief
    let epoch = node.epoch
    guard CacheNode.isBelief(belief), let client = current.client(for: id), client.accepts(epoch) else {
      node.metrics.bypasses.add()
      return completion(.bypass)
    }
    client.read(id, tenant, epoch, belief, completion)
  }

  /// Puts into Redis what the store had after a miss, unless the service was written meanwhile. Nobody waits.
  public func fill(_ service: CachedService, after miss: CacheMiss) {
    guard let client = current.client(for: service.service), client.accepts(miss.epoch),
      node.writes.time(service.service) == miss.writes
    else { return }
    client.fill(service, miss.epoch)
  }

  /// How the node and Redis get along. Any thread.
  public var state: CacheState { node.state }

  /// Why the cache is not believed, for people; `nil` while it is. Any thread.
  public var outage: String? { node.outage?.description }

  /// Whether reads are answered from Redis. Any thread.
  public var isBelieved: Bool { state.isBelieved }

  /// Whether Redis answers on all loops. Any thread.
  public var isConnected: Bool { state.phase != .down }

  /// Closes the connections; from now on reads bypass Redis and writes are skipped. Called once, on any thread or
  /// task, when no call is in flight any more and while the loops still run.
  public func stop() async {
    for case let one? in loops {
      await withCheckedContinuation { continuation in
        one.loop.post { one.stop { continuation.resume() } }
      }
    }
    all.loops.withLock { $0 = [] }
  }

  /// What belongs to the loop that runs the caller.
  private var current: CacheLoop {
    guard let loop = EventLoop.current, loop.index < loops.count, let one = loops[loop.index] else {
      preconditionFailure("the cache is used on its loops only")
    }
    return one
  }
}

/// Tells all loops of a node that the epoch has changed. Any thread.
private final class Broadcast: Sendable {
  let loops = Mutex<[CacheLoop]>([])

  func send() {
    for one in loops.withLock({ $0 }) { one.loop.post { one.proceed() } }
  }
}
