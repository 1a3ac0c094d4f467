/// What the server lends a plugin.
public final class PluginContext: Sendable {
  /// Lines under the plugin's name.
  public let log: Log
  /// Where the plugin's metrics are registered.
  public let metrics: MetricsRegistry
  /// The extension schemas in force.
  public let schemas: SchemaRegistry
  /// What the store can be asked.
  public let store: any StoreQueries
  /// What the mapping cache can be asked.
  public let mappings: any MappingQueries
  /// The store's change sequence, and the plugin's position in it; see ``changes(after:)``.
  public let feed: any ChangeFeed
  /// Threads of the plugin's own for work that would block a loop.
  public let blocking: BlockingPool
  /// Tasks beside calls.
  public let background: BackgroundWork
  /// The folder that relative paths in the configuration start from.
  public let directory: String

  /// A context by its parts.
  public init(
    log: Log, metrics: MetricsRegistry, schemas: SchemaRegistry, store: any StoreQueries = NoStore(),
    mappings: any MappingQueries = NoStore(), feed: any ChangeFeed = NoChanges(), blocking: BlockingPool,
    directory: String
  ) {
    self.log = log
    self.metrics = metrics
    self.schemas = schemas
    self.store = store
    self.mappings = mappings
    self.feed = feed
    self.blocking = blocking
    background = BackgroundWork(log: log)
    self.directory = directory
  }

  /// A path of the configuration, made absolute.
  public func path(_ path: String) -> String {
    path.hasPrefix("/") ? path : directory + "/" + path
  }
}
