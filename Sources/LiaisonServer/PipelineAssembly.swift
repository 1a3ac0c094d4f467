import Authentication
import BusinessAttributes
import ExtensionSchemas
@_spi(Server) import LiaisonKit
import Persistence

/// Makes the configured plugins, in the configured order.
struct PipelineAssembly {
  /// The first-party stages before the pipeline's end.
  static let firstParty: [any Plugin.Type] = [
    AuthenticationPlugin.self, BusinessAttributesPlugin.self, ExtensionSchemasPlugin.self,
  ]

  /// The plugins in the order of the pipeline, without its end.
  let plugins: [any Plugin]
  /// What they were lent, in the same order.
  let contexts: [PluginContext]
  /// The stages of those that are not the server's own. Their marks are their places, from 1.
  let pluginStages: [PluginStage]
  /// The stages of all.
  let stages: [any Middleware]
  /// The options of the pipeline's end.
  let persistence: Persistence.Options

  /// - Parameter additional: plugins that the executable brings along.
  /// - Throws: ``ConfigurationError`` for a name that is unknown, is given twice or is out of place, and for what a
  ///   plugin finds wrong in its section.
  init(
    _ configuration: ServerConfiguration, additional: [any Plugin.Type],
    context: (_ plugin: String) -> PluginContext
  ) throws(ConfigurationError) {
    let own = Self.firstParty.map { $0.name }
    let known = Self.firstParty + additional
    let names = known.map { $0.name } + [Persistence.name]
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw ConfigurationError("pipeline", "two plugins are called \"\(name)\": each needs a name of its own")
    }
    guard configuration.pipeline.last == Persistence.name else {
      throw ConfigurationError("pipeline", "must end with \"\(Persistence.name)\"")
    }
    var plugins: [any Plugin] = []
    var contexts: [PluginContext] = []
    var pluginStages: [PluginStage] = []
    var stages: [any Middleware] = []
    var persistence = Persistence.Options()
    for (index, name) in configuration.pipeline.enumerated() {
      guard names.contains(name) else {
        throw ConfigurationError(
          "pipeline", "names an unknown plugin \"\(name)\"; known: \(names.sorted().joined(separator: ", "))")
      }
      guard !configuration.pipeline[..<index].contains(name) else {
        throw ConfigurationError("pipeline", "names \"\(name)\" twice")
      }
      let section = try configuration.plugins.section(name)
      if let type = known.first(where: { $0.name == name }) {
        let context = context(name)
        let plugin = try section.readToTheEnd { section throws(ConfigurationError) in
          try type.init(section, context) as any Plugin
        }
        plugins.append(plugin)
        contexts.append(context)
        if own.contains(name) {
          stages.append(plugin.middleware)
        } else {
          let stage = PluginStage(
            plugin, budget: try configuration.budgets.duration(name, default: .seconds(5)),
            log: context.log, metrics: context.metrics)
          pluginStages.append(stage)
          stages.append(stage.inPipeline(mark: UInt16(pluginStages.count)))
        }
      } else {
        persistence = try section.readToTheEnd(Persistence.Options.init)
      }
    }
    // What is set for a plugin that is known but not listed is kept for the day it is.
    for name in names { _ = configuration.plugins.value(name) }
    for type in additional { _ = configuration.budgets.value(type.name) }
    try configuration.plugins.requireAllRead()
    try configuration.budgets.requireAllRead()
    self.plugins = plugins
    self.contexts = contexts
    self.pluginStages = pluginStages
    self.stages = stages
    self.persistence = persistence
  }
}

extension PluginContext {
  /// A context in which a plugin can read its configuration, but nothing runs.
  ///
  /// - Parameter metrics: where the plugin registers its own.
  static func forChecking(
    _ configuration: ServerConfiguration, metrics: MetricsRegistry = MetricsRegistry()
  ) -> PluginContext {
    PluginContext(
      log: Log(level: configuration.logLevel), metrics: metrics, schemas: SchemaRegistry(),
      blocking: BlockingPool(threads: 1), directory: configuration.directory)
  }
}
