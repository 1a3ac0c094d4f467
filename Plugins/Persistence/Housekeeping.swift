public import ContextModel
public import ContextStore
public import EventLoop
public import LiaisonKit
public import MappingCache
import Synchronization

/// Removes what has expired, completes what was left alone and goes on with what was left half done, in the background: a few
/// services or profiles at a time, so that calls do not wait. Runs on one loop.
public final class Housekeeping: Sendable {
  private let store: ContextStore
  private let cache: MappingCache?
  private let policy: LifetimePolicy
  private let interval: Duration
  private let log: Log
  private let loop: EventLoop
  private let isStopped = Atomic<Bool>(false)
  /// Services that have expired.
  public let expired = Counter()
  /// Services that were completed by themselves.
  public let completed = Counter()

  /// How many services one change looks at: a batch must not take long.
  private static let mostServices = 50

  /// Housekeeping that has not begun.
  ///
  /// - Parameters:
  ///   - loop: does the work.
  ///   - interval: how long it rests when nothing is due.
  public init(
    store: ContextStore, cache: MappingCache?, policy: LifetimePolicy, interval: Duration, loop: EventLoop,
    log: Log
  ) {
    self.store = store
    self.cache = cache
    self.policy = policy
    self.interval = interval
    self.loop = loop
    self.log = log
  }

  /// Begins. Any thread.
  public func start() {
    loop.post {
      self.loop.runTask {
        await self.finishProfiles()
        self.rest()
      }
    }
  }

  /// Goes on with what a call could not end, or a server that has ended: identification keys that are not ready, or removed but
  /// for their entries, and extensions that are gone but for their values.
  private func finishProfiles() async {
    do {
      for tenant in try await store.tenantsWithIdentificationKeys() {
        let upkeep = ProfileUpkeep(store: store, tenant: tenant)
        let stored = try await store.storedKeys(tenant: tenant)
        for key in stored.removed { try await upkeep.forget(key.id) }
        for name in stored.droppedExtensions { try await upkeep.drop(name) }
        for key in stored.keys where !key.isReady { try await makeReady(key, upkeep) }
      }
    } catch {
      // The store says itself when it fails; the next sweep goes on.
      log.debug("profiles could not be brought up to date", ["error": "\(error)"])
    }
  }

  private func makeReady(_ key: IdentificationKey, _ upkeep: ProfileUpkeep) async throws(ContextError) {
    do throws(ContextError) {
      try await upkeep.makeReady(key, at: Timestamp(milliseconds: loop.wallClock), principal: nil)
      log.info("an identification key is ready", ["key": key.name])
    } catch {
      guard error.status < 500 else { throw error }
      log.error(
        "an identification key was removed before it was ready", ["key": key.name, "error": error.message])
    }
  }

  /// Ends; what is under way comes to its end. Any thread.
  public func stop() { isStopped.store(true, ordering: .relaxed) }

  private func rest() {
    guard !isStopped.load(ordering: .relaxed) else { return }
    loop.schedule(after: interval) {
      self.loop.runTask {
        await self.sweepAll()
        self.rest()
      }
    }
  }

  private func sweepAll() async {
    do {
      while !isStopped.load(ordering: .relaxed), try await sweep() {}
      while !isStopped.load(ordering: .relaxed), try await forgetKeys() {}
      await finishProfiles()
    } catch {
      // The store says itself when it fails; the services stay due.
      log.debug("services that are due could not be looked at", ["error": "\(error)"])
    }
  }

  /// Looks at the services that have been due longest.
  ///
  /// - Returns: whether there may be more.
  private func sweep() async throws -> Bool {
    let now = Timestamp(milliseconds: loop.wallClock)
    let due = try await store.dueServices(at: now, limit: Self.mostServices)
    guard !due.isEmpty else { return false }
    let ticket = cache?.ticket()
    let outcome = try await store.write(
      SweepServices(services: due.map { (tenant: $0.0, id: $0.1) }, policy: policy, at: now),
      before: cache.map(CacheAudience.init))
    expired.add(outcome.expired.count)
    completed.add(outcome.completed.count)
    await cache.show(
      outcome.expired.map(CachedService.deleted) + outcome.completed.map(CachedService.init), since: ticket)
    return due.count == Self.mostServices
  }

  /// Removes the oldest answers to calls that nobody will repeat any more.
  ///
  /// - Returns: whether there may be more.
  private func forgetKeys() async throws -> Bool {
    let old = Timestamp(milliseconds: loop.wallClock - Persistence.idempotencyTime)
    let keys = try await store.idempotencyKeys(before: old, limit: Self.mostServices)
    guard !keys.isEmpty else { return false }
    try await store.write(ForgetIdempotencyKeys(keys: keys))
    return keys.count == Self.mostServices
  }

  /// Registers what it counts: nothing, where a configuration is only checked and there is no housekeeping.
  public static func register(_ housekeeping: Housekeeping?, in registry: MetricsRegistry) {
    let (expired, completed) = (housekeeping?.expired, housekeeping?.completed)
    registry.register(
      "liaison_services_expired_total", .counter, help: "Services removed because they had expired."
    ) {
      $0.sample(expired?.value ?? 0)
    }
    registry.register(
      "liaison_services_auto_completed_total", .counter,
      help: "Services completed because nothing happened to them."
    ) { $0.sample(completed?.value ?? 0) }
  }
}
