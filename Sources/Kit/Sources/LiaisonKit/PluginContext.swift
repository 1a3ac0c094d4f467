/// What the server lends a plugin.
public struct PluginContext: Sendable {
  /// Lines under the plugin's name.
  public let log: Log
  /// Where the plugin's metrics are registered.
  public let metrics: MetricsRegistry
  /// The extension schemas in force.
  public let schemas: SchemaRegistry
  /// What the store can be asked while a call is handled.
  public let store: any StoreQueries
  /// Threads for work that would block a loop.
  public let blocking: BlockingPool
  /// The folder that relative paths in the configuration start from.
  public let directory: String

  /// A context by its parts.
  public init(
    log: Log, metrics: MetricsRegistry, schemas: SchemaRegistry, store: any StoreQueries = NoStore(),
    blocking: BlockingPool, directory: String
  ) {
    self.log = log
    self.metrics = metrics
    self.schemas = schemas
    self.store = store
    self.blocking = blocking
    self.directory = directory
  }

  /// A path of the configuration, made absolute.
  public func path(_ path: String) -> String {
    path.hasPrefix("/") ? path : directory + "/" + path
  }
}
