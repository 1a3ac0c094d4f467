import ContextModel
import JSON
import LiaisonKit

/// A plugin under test in front of a ``LastStage``.
struct Stage {
  let plugin: any Plugin
  let last: LastStage
  let context: PluginContext

  /// A plugin with a configuration given as JSON.
  init<P: Plugin>(
    _ type: P.Type, _ configuration: String = "{}", reply: Reply = Reply(),
    context: PluginContext = .forTests()
  ) throws {
    plugin = try P(try section(P.name, configuration), context)
    last = LastStage(reply)
    self.context = context
  }

  /// Sends a call through.
  @discardableResult
  func handle(_ call: Call) async throws -> Reply {
    try await Next(stages: [plugin.middleware, last])(call)
  }

  /// Sends a call through that must be refused.
  func refusal(of call: Call) async -> ContextError? {
    do {
      try await handle(call)
      return nil
    } catch {
      return error as? ContextError
    }
  }
}

extension PluginContext {
  /// A context that logs nothing below errors.
  static func forTests(directory: String = "/", threads: Int = 2) -> PluginContext {
    PluginContext(
      log: Log(level: .error), metrics: MetricsRegistry(), schemas: SchemaRegistry(),
      blocking: BlockingPool(threads: threads), directory: directory)
  }
}

/// A section of a configuration from JSON text.
func section(_ name: String, _ text: String) throws -> ConfigurationSection {
  let value = try JSONParser().parse(Array(text.utf8)).root
  guard case .object(let values) = ConfigurationValue(value) else { fatalError("no object: \(text)") }
  return ConfigurationSection(path: "plugins.\(name)", values: values)
}

/// The configuration error that a plugin throws; `nil` if it throws none.
func configurationError<P: Plugin>(
  _ type: P.Type, _ configuration: String, _ context: PluginContext = .forTests()
) -> ConfigurationError? {
  do {
    _ = try P(try section(P.name, configuration), context)
    return nil
  } catch {
    return error as? ConfigurationError
  }
}

extension ConfigurationValue {
  init(_ value: JSONValue) {
    switch value.kind {
    case .object:
      self = .object(
        Dictionary(uniqueKeysWithValues: value.members.map { ($0.name, ConfigurationValue($0.value)) }))
    case .array: self = .array(value.elements.map(ConfigurationValue.init))
    case .string: self = .string(value.string!)
    case .integer: self = .integer(value.int64!)
    case .double: self = .double(value.double!)
    case .boolean: self = .bool(value.bool!)
    case .null: self = .null
    }
  }
}
