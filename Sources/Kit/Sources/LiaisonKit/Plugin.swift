/// Something an integrator adds to the server: a stage, its configuration, its life.
public protocol Plugin: Sendable {
  /// The name under which configurations list it: lower case, words joined by `-`.
  static var name: String { get }

  /// The plugin's own version, for people: `liaison plugin list` shows it.
  static var version: String { get }

  /// Reads the whole section and registers metrics; nothing is started yet. `liaison check` calls it too, and never ``start()``: what
  /// opens files or connections belongs there.
  ///
  /// - Throws: ``ConfigurationError``, which stops the start of the server with exit code 2.
  init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError)

  /// The stage.
  var middleware: any Middleware { get }

  /// Whether calls are refused that come from nobody known. A server without such a plugin listens on loopback only.
  var authenticates: Bool { get }

  /// Called once before the first call.
  func start() async throws

  /// Called once when no more calls come. Calls that the plugin has kept beyond its budget, and were answered without it, may still be
  /// running. A stop that takes longer than ``BackgroundWork/longestStop`` is not waited for.
  func stop() async
}

extension Plugin {
  /// `-`: the plugin has no version of its own.
  public static var version: String { "-" }
  /// Most plugins do not.
  public var authenticates: Bool { false }
  /// Most plugins need none.
  public func start() async throws {}
  /// Most plugins need none.
  public func stop() async {}
}

extension Plugin where Self: Middleware {
  /// A plugin that is its own stage.
  public var middleware: any Middleware { self }
}
