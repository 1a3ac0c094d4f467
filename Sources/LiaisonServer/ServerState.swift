import ContextAPI
import ContextModel
import ContextStore
import Glibc
import HTTP
import JSON
import LiaisonKit
import MappingCache
import Persistence

/// What the server tells of itself: readiness, status and the metrics of the parts below the pipeline. Any thread.
struct ServerState: Sendable {
  let store: ContextStore
  let cache: MappingCache?
  let budget: ConnectionBudget
  let mode: ServerMode
  let pipeline: [String]
  private let startedAt = Self.now

  init(
    store: ContextStore, cache: MappingCache?, budget: ConnectionBudget, mode: ServerMode, pipeline: [String]
  ) {
    self.store = store
    self.cache = cache
    self.budget = budget
    self.mode = mode
    self.pipeline = pipeline
  }

  /// For `GET /ready`.
  var readiness: Probes.Readiness { Probes.Readiness(isStoreUp: store.health == .up, redis: redis) }

  private var redis: String {
    guard let cache else { return "off" }
    return cache.isConnected ? "up" : "down"
  }

  /// The body of `GET /server/status`.
  var body: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("mode")
    writer.string(mode.current.name)
    writer.key("version")
    writer.string(Version.current)
    writer.key("started")
    writer.timestamp(startedAt)
    writer.key("uptime")
    writer.integer((Self.now.milliseconds - startedAt.milliseconds) / 1000)
    writer.key("store")
    writer.beginObject()
    writer.key("state")
    switch store.health {
    case .up: writer.string("up")
    case .failing(let since, let reason):
      writer.string("failing")
      writer.key("since")
      writer.timestamp(since)
      writer.key("reason")
      writer.string(reason)
    }
    writer.endObject()
    writer.key("redis")
    writer.beginObject()
    writer.key("state")
    writer.string(redis)
    if let cache {
      writer.key("believed")
      writer.bool(cache.isBelieved)
      if let reason = cache.outage {
        writer.key("reason")
        writer.string(reason)
      }
    }
    writer.endObject()
    writer.key("connections")
    writer.integer(Int64(budget.open))
    writer.key("pipeline")
    writer.beginArray()
    for stage in pipeline { writer.string(stage) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// Registers what is not registered by its own part.
  ///
  /// - Parameters:
  ///   - state: `nil` where a configuration is only checked: then there is nothing to show.
  ///   - hasCache: whether Redis is configured.
  static func register(_ state: ServerState?, hasCache: Bool, in registry: MetricsRegistry) {
    func register(
      _ name: String, _ kind: MetricsRegistry.Kind, help: String,
      _ write: @escaping @Sendable (ServerState, inout MetricsWriter) -> Void
    ) {
      registry.register(name, kind, help: help) { writer in
        if let state { write(state, &writer) }
      }
    }
    register("liaison_commit_batch_size", .histogram, help: "Changes in one commit.") {
      $1.histogram($0.store.metrics.batchSize)
    }
    register("liaison_commit_duration_seconds", .histogram, help: "Time of one commit.") {
      $1.histogram($0.store.metrics.commitDuration)
    }
    register(
      "liaison_fold_duration_seconds", .histogram,
      help: "Time to bring a part of the journal into the tables."
    ) { $1.histogram($0.store.metrics.foldDuration) }
    register(
      "liaison_folded_records_total", .counter, help: "Records that were brought into the tables."
    ) { $1.sample($0.store.metrics.foldedRecords.value) }
    register("liaison_journal_backlog_bytes", .gauge, help: "The journal that is not in the tables yet.") {
      $1.sample($0.store.backlog)
    }
    register("liaison_store_up", .gauge, help: "1 while commits succeed.") {
      $1.sample($0.store.health == .up ? 1 : 0)
    }
    register("liaison_connections", .gauge, help: "Open connections.") { $1.sample($0.budget.open) }
    register("liaison_connections_accepted_total", .counter, help: "Connections taken.") {
      $1.sample($0.budget.accepted)
    }
    register(
      "liaison_connections_refused_total", .counter, help: "Connections refused at the cap of open ones."
    ) { $1.sample($0.budget.refused) }
    register(
      "liaison_connections_failed_total", .counter,
      help: "Attempts to accept connections that failed for want of descriptors or memory."
    ) { $1.sample($0.budget.failed) }
    if hasCache { registerCache(state?.cache, in: registry) }
  }

  private static func registerCache(_ cache: MappingCache?, in registry: MetricsRegistry) {
    registry.register(
      "liaison_cache_reads_total", .counter,
      help: "Reads by what Redis gave: the entry, nothing, or no answer that is believed."
    ) { writer in
      for (result, counter) in cache?.metrics.reads ?? [] { writer.sample(counter.value, ["result": result]) }
    }
    registry.register(
      "liaison_cache_writes_total", .counter,
      help: "Writes by what Redis did: kept or refused them, answered late or failed; or they were skipped."
    ) { writer in
      for (result, counter) in cache?.metrics.writes ?? [] {
        writer.sample(counter.value, ["result": result])
      }
    }
    registry.gauge("liaison_redis_up", help: "1 while all loops are connected to Redis.") {
      cache?.isConnected == true ? 1 : 0
    }
    registry.gauge("liaison_cache_believed", help: "1 while reads are answered from Redis.") {
      cache?.isBelieved == true ? 1 : 0
    }
  }

  private static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}
