import ContextAPI
import ContextModel
import ContextStore
import Dispatch
import EventLoop
import HTTP
import JSON
@_spi(Server) public import LiaisonKit
import MappingCache
import Persistence
import Synchronization

/// A whole server: loops, store, cache, pipeline and listeners, and their life from start to end.
///
/// Used by one thread, which is none of the loops'.
public final class Server {
  /// How long clients may take to pick up their answers once the server ends.
  private static let drainTime: Duration = .seconds(15)

  private let log: Log
  private let loops: [EventLoop]
  private let store: ContextStore
  private let cache: MappingCache?
  private let shared: SharedState
  private let plugins: [any Plugin]
  /// What the plugins were lent, in their order.
  private let contexts: [PluginContext]
  private let housekeeping: Housekeeping
  private let watch: LoopWatch
  private let listeners: [HTTPListener]

  /// The address the server listens on, with the port that the system chose for port 0.
  public var address: String { listeners[0].address.description }

  /// Opens connections to the server from inside its process.
  package var connector: InProcessConnector { InProcessConnector(loops: loops, listeners: listeners) }

  /// Makes everything and binds the address; nothing is served yet.
  ///
  /// - Parameter additional: plugins beside the first-party ones.
  /// - Throws: ``LiaisonKit/ConfigurationError`` for a bad configuration, ``StartupError`` for anything in the way.
  public convenience init(_ configuration: ServerConfiguration, additional: [any Plugin.Type] = []) throws {
    try self.init(configuration, additional: additional, hasAddress: true)
  }

  /// - Parameter hasAddress: `false` for a server that ``connector`` alone reaches.
  package init(
    _ configuration: ServerConfiguration, additional: [any Plugin.Type], hasAddress: Bool
  ) throws {
    let log = Log(level: configuration.logLevel)
    self.log = log
    let metrics = MetricsRegistry()
    let schemas = SchemaRegistry()
    let access = StoreAccess()
    let mode = ServerMode()
    let shared = SharedState(schemas, mode)
    self.shared = shared
    let assembly = try Self.assembly(configuration, additional) { name in
      let own = metrics.part(of: name)
      let log = log.labelled(name)
      let feed = FollowerFeed(follower: name, access: access, metrics: own)
      let context = PluginContext(
        log: log, metrics: own, schemas: schemas, store: access, mappings: access, feed: feed,
        blocking: BlockingPool(), directory: configuration.directory)
      context.background.share(
        by: PluginLeases(plugin: name, access: access, feed: feed, log: log, metrics: own))
      return context
    }
    plugins = assembly.plugins
    contexts = assembly.contexts
    do {
      if hasAddress { try configuration.listen.ensureFree() }
    } catch {
      throw StartupError("cannot listen on \(configuration.listen): \(error)")
    }
    let count = configuration.loops > 0 ? configuration.loops : ProcessLimits.processors
    let loops = try (0..<count).map { try EventLoop(index: $0) }
    self.loops = loops
    for (place, stage) in assembly.pluginStages.enumerated() {
      stage.attach(to: loops, mark: UInt16(place + 1))
    }
    watch = LoopWatch(loops, assembly.pluginStages, log: log)

    var storeOptions = configuration.store
    storeOptions.lifetime = assembly.persistence.lifetime
    // What was sent as a whole may be as large as a body.
    storeOptions.largestExtension = max(schemas.largestExtension, configuration.http.maxBody)
    storeOptions.tenantNames = configuration.tenancy?.names ?? [:]
    let store = try Self.openStore(configuration, storeOptions, shared, access, loops, log)
    self.store = store
    let cache = Self.makeCache(configuration, store, loops, log)
    self.cache = cache
    access.open(StoreAccess.Opened(store: store, cache: cache, loops: loops))
    let budget = Self.budget(configuration, loops: count, log)
    try mode.restore(from: store)
    if mode.current == .maintenance {
      log.warning("the server is in maintenance mode, as it was when it ended")
    }
    let state = ServerState(
      store: store, cache: cache, budget: budget, mode: mode, pipeline: configuration.pipeline)
    let end = Persistence(
      store: store, cache: cache, schemas: schemas, options: assembly.persistence,
      longestCustomerID: configuration.longestCustomerID, mode: mode, blocking: BlockingPool(),
      folder: configuration.data, status: { state.body })
    housekeeping = Housekeeping(
      store: store, cache: cache, policy: assembly.persistence.lifetime,
      interval: assembly.persistence.sweepInterval, loop: loops[0], log: log.labelled("housekeeping"))
    let apis = Self.makeAPIs(
      configuration, Pipeline(stages: assembly.stages + [end]), state, metrics, loops, log)
    Self.registerOwn(in: metrics, apis, housekeeping, state, hasCache: cache != nil)
    try Self.requireDistinctNames(metrics, log)
    listeners =
      hasAddress
      ? try Self.bindListeners(configuration, apis, budget, loops)
      : zip(loops, apis).map { loop, api in
        HTTPListener(adoptingFor: loop, limits: configuration.http, budget: budget, handler: api)
      }
  }

  private static func openStore(
    _ configuration: ServerConfiguration, _ options: StoreOptions, _ shared: SharedState,
    _ access: StoreAccess,
    _ loops: [EventLoop], _ log: Log
  ) throws -> ContextStore {
    try StoreLocation.makeFolder(configuration.data)
    return try ContextStore(
      opening: configuration.postgres.map(StoreLocation.postgres) ?? .folder(configuration.data),
      options: options, loops: loops
    ) { notice in
      switch notice {
      case .failing, .foldFailing: log.error(notice.description)
      case .commitsLost:
        log.error(notice.description)
        // Redis was shown them.
        (try? access.opened)?.cache?.doubtAll()
      case .endDropped: log.warning(notice.description)
      case .recovered, .foldRecovered: log.info(notice.description)
      }
    } shared: { store in
      shared.follow(store, log)
    }
  }

  /// `nil` where no Redis is configured.
  private static func makeCache(
    _ configuration: ServerConfiguration, _ store: ContextStore, _ loops: [EventLoop], _ log: Log
  ) -> MappingCache? {
    var options = configuration.cache
    options.store = store.identity
    // With a store of its own it is the only node, also after a crash; with a shared one it is one of many.
    if configuration.postgres != nil {
      options.node = configuration.store.node
      options.commits = { store.commitsOfNodes }
    }
    return configuration.redis.map { location in
      MappingCache(location: location, options: options, loops: loops, log: log.labelled("redis")) { ids in
        let found = try await store.mappings(ofAnyTenant: ids).map(CachedService.init)
        let known = Set(found.map(\.service))
        return found + ids.filter { !known.contains($0) }.map(CachedService.deleted)
      }
    }
  }

  /// One per loop.
  private static func makeAPIs(
    _ configuration: ServerConfiguration, _ pipeline: Pipeline, _ state: ServerState,
    _ metrics: MetricsRegistry, _ loops: [EventLoop], _ log: Log
  ) -> [ContextAPI] {
    let options = ContextAPI.Options(
      basePath: configuration.basePath, longestCustomerID: configuration.longestCustomerID,
      largestItem: configuration.http.maxBody, tenancy: configuration.tenancy)
    let probes = Probes(
      readiness: { state.readiness }, metrics: { metrics.text() }, options: options)
    return loops.map {
      ContextAPI(loop: $0, pipeline: pipeline, probes: probes, options: options, log: log)
    }
  }

  /// One per loop; they share the address.
  private static func bindListeners(
    _ configuration: ServerConfiguration, _ apis: [ContextAPI], _ budget: ConnectionBudget,
    _ loops: [EventLoop]
  ) throws(StartupError) -> [HTTPListener] {
    // The port that the system chose for port 0 is the others' as well.
    var address = configuration.listen
    var listeners: [HTTPListener] = []
    for (loop, api) in zip(loops, apis) {
      do {
        listeners.append(
          try HTTPListener(
            loop: loop, address: address, limits: configuration.http, budget: budget, handler: api))
      } catch {
        throw StartupError("cannot listen on \(address): \(error)")
      }
      address = listeners[0].address
    }
    return listeners
  }

  /// Starts to serve. Connections are accepted when this returns, and not before everything can answer.
  public func start() async throws {
    for loop in loops { loop.start(named: "liaison-\(loop.index)") }
    try shared.refresh(from: store)
    for plugin in plugins { try await Self.start(plugin) }
    await cache?.start()
    housekeeping.start()
    watch.start()
    for (loop, listener) in zip(loops, listeners) {
      try await withCheckedThrowingContinuation { continuation in
        loop.post { continuation.resume(with: Result { try listener.start() }) }
      }
    }
  }

  /// Ends: no new connections, calls in flight are answered, what is gathered is committed, everything is closed.
  public func stop() async {
    housekeeping.stop()
    await drain()
    for (plugin, context) in zip(plugins, contexts).reversed() {
      await context.background.stop()
      await Self.stop(plugin, context.log)
    }
    await cache?.stop()
    store.close()
    watch.stop()
    for loop in loops { loop.stop() }
    for loop in loops { loop.join() }
  }

  private static func start(_ plugin: any Plugin) async throws {
    do {
      try await plugin.start()
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw StartupError("plugin \(type(of: plugin).name): does not start: \(error)")
    }
  }

  /// Ends a plugin, if it takes no longer than its tasks may: the store is closed whatever it does.
  private static func stop(_ plugin: any Plugin, _ log: Log) async {
    let work = BackgroundWork(log: log)
    work.run("stop") { await plugin.stop() }
    let time = BackgroundWork.longestStop
    guard await work.unended(after: time).isEmpty else {
      return log.warning("the plugin does not stop", ["waited": "\(time)"])
    }
  }

  private func drain() async {
    let open = Atomic<Int>(listeners.count)
    let log = log
    await withCheckedContinuation { continuation in
      let once = Once(continuation)
      for (loop, listener) in zip(loops, listeners) {
        loop.post {
          listener.drain {
            if open.subtract(1, ordering: .relaxed).newValue == 0 { once.resume() }
          }
        }
        loop.post {
          loop.schedule(after: Self.drainTime) {
            if once.resume() { log.warning("some clients did not pick up their answers in time") }
          }
        }
      }
    }
    for (loop, listener) in zip(loops, listeners) { loop.post { listener.closeAll() } }
  }

  /// As many connections as are configured, or as the system allows.
  private static func budget(_ configuration: ServerConfiguration, loops: Int, _ log: Log) -> ConnectionBudget
  {
    let cap = ProcessLimits.connections(
      atMost: configuration.maximumConnections, loops: loops, readers: configuration.store.readers)
    if cap < configuration.maximumConnections {
      log.warning(
        "the limit of open files allows fewer connections than http.max-connections",
        ["connections": "\(cap)", "open-files": "\(ProcessLimits.openFiles)"])
    }
    return ConnectionBudget(cap: cap) { error in
      log.error("connections cannot be accepted", ["error": "\(error)"])
    }
  }

  /// Registers the server's own metrics, behind those of its plugins.
  private static func registerOwn(
    in metrics: MetricsRegistry, _ apis: [ContextAPI] = [], _ housekeeping: Housekeeping? = nil,
    _ state: ServerState? = nil, hasCache: Bool
  ) {
    Housekeeping.register(housekeeping, in: metrics)
    ContextAPI.register(apis, in: metrics)
    ServerState.register(state, hasCache: hasCache, in: metrics)
  }

  /// Prometheus takes a page with one name twice for none at all.
  private static func requireDistinctNames(
    _ metrics: MetricsRegistry, _ log: Log
  ) throws(ConfigurationError) {
    let clashes = metrics.clashes { clash in
      log.labelled(clash.plugin).error(
        "the plugin's metric is not shown: there is one of its name already", ["metric": clash.metric])
    }
    guard let clash = clashes.first else { return }
    throw ConfigurationError(
      "pipeline",
      "the plugin \(clash.plugin) registers the metric \(clash.metric), but there is one of that name already: the names of "
        + "its metrics begin with liaison_\(clash.plugin.withUnderscores)_")
  }

  /// Looks whether a server can have a configuration, as far as nothing has to be opened for that.
  static func check(
    _ configuration: ServerConfiguration, _ additional: [any Plugin.Type]
  ) throws(ConfigurationError) {
    let metrics = MetricsRegistry()
    _ = try assembly(configuration, additional) { name in
      .forChecking(configuration, metrics: metrics.part(of: name))
    }
    registerOwn(in: metrics, hasCache: configuration.redis != nil)
    try requireDistinctNames(metrics, Log(level: configuration.logLevel))
  }

  /// The pipeline of a configuration, if a server may have it.
  private static func assembly(
    _ configuration: ServerConfiguration, _ additional: [any Plugin.Type],
    context: (String) -> PluginContext
  ) throws(ConfigurationError) -> PipelineAssembly {
    let assembly = try PipelineAssembly(configuration, additional: additional, context: context)
    guard configuration.listen.isLoopback || assembly.plugins.contains(where: { $0.authenticates }) else {
      throw ConfigurationError(
        "listen",
        "\(configuration.listen) can be reached from other machines, but no users or keys are configured "
          + "(plugins.authentication): only loopback addresses are allowed then")
    }
    return assembly
  }
}

/// A continuation that several events race to resume.
private final class Once: Sendable {
  private let continuation: Mutex<CheckedContinuation<Void, Never>?>

  init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = Mutex(continuation) }

  /// Whether this was the first call.
  @discardableResult
  func resume() -> Bool {
    guard let first = continuation.withLock({ $0.take() }) else { return false }
    first.resume()
    return true
  }
}
