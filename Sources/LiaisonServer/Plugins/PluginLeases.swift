import ContextStore
@_spi(Server) import LiaisonKit
import Synchronization

/// The work of one plugin that one of all servers on the store does at a time.
final class PluginLeases: WorkLeases {
  private let plugin: String
  private let access: StoreAccess
  private let feed: FollowerFeed
  private let log: Log
  private let metrics: MetricsRegistry
  /// All such work, and whether this server does it. There is a metric once there is some.
  private let works = Mutex<[String: Bool]>([:])

  init(plugin: String, access: StoreAccess, feed: FollowerFeed, log: Log, metrics: MetricsRegistry) {
    self.plugin = plugin
    self.access = access
    self.feed = feed
    self.log = log
    self.metrics = metrics
  }

  func hold(_ work: String, _ body: @escaping @Sendable () async throws -> Void) async throws {
    let lease = try access.opened.store.lease("\(plugin) \(work)")
    defer { lease.end() }
    show(work)
    var task: Task<Void, any Error>?
    for await isHeld in lease.turns {
      if isHeld {
        log.info("this server does the work", ["work": work])
        task = Task { try await self.perform(work, lease, body) }
      } else {
        log.warning(
          "the connection to the database broke: any server may do the work now", ["work": work])
        task?.cancel()
        _ = await task?.result
        task = nil
      }
    }
    task?.cancel()
    try await task?.value
  }

  private func perform(
    _ work: String, _ lease: StoreLease, _ body: @Sendable () async throws -> Void
  ) async throws {
    works.withLock { $0[work] = true }
    defer {
      works.withLock { $0[work] = false }
      feed.rest()
      // Else it is for the one who has cancelled it to say what comes next.
      if !Task.isCancelled { lease.end() }
    }
    try await body()
  }

  /// From now on the metric tells of the work.
  private func show(_ work: String) {
    let isFirst = works.withLock { works in
      defer { works[work] = works[work] ?? false }
      return works.isEmpty
    }
    guard isFirst else { return }
    metrics.register(
      "liaison_\(plugin.withUnderscores)_on_duty", .gauge,
      help: "Whether this server does work of the plugin \(plugin) that one server does at a time."
    ) { [weak self] writer in
      let works = self?.works.withLock { $0 } ?? [:]
      for (work, isDone) in works.sorted(by: { $0.key < $1.key }) {
        writer.sample(isDone ? 1 : 0, ["work": work])
      }
    }
  }
}
