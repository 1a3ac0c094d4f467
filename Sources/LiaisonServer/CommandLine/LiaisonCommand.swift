import ContextStore
import FoundationEssentials
import Glibc
public import LiaisonKit
import Persistence

/// The command line of a server. An integrator's own executable is this call with plugins of its own:
///
/// ```swift
/// @main struct MyServer {
///   static func main() async { await LiaisonCommand.run(plugins: [MyStage.self]) }
/// }
/// ```
public enum LiaisonCommand {
  /// Exit code 2: the command line or the configuration is wrong.
  static let usageError: Int32 = 2
  /// Exit code 1: something was in the way.
  static let failure: Int32 = 1

  /// Does what the process's arguments say, and ends the process.
  public static func run(plugins: [any Plugin.Type] = []) async -> Never {
    do {
      try await run(Arguments(Array(ProcessInfo.processInfo.arguments.dropFirst())), plugins)
      exit(0)
    } catch let error as UsageError {
      complain("\(error.description); \(Help.hint)")
      exit(usageError)
    } catch let error as PluginRefusal {
      complain("plugin \(error)")
      exit(usageError)
    } catch let error as ConfigurationError {
      complain("configuration: \(error)")
      exit(usageError)
    } catch {
      complain("\(error)")
      exit(failure)
    }
  }

  private static func run(_ arguments: Arguments, _ plugins: [any Plugin.Type]) async throws {
    switch arguments.command {
    case .help: say(Help.text)
    case .version: say("liaison \(Version.current)")
    case .serve: try await serve(arguments, plugins)
    case .plugin(let command): try command.run(arguments, plugins)
    case .check:
      let configuration = try configuration(arguments)
      let loaded = try loaded(configuration, beside: plugins).map(\.type)
      try Server.check(configuration, plugins + loaded)
      say("the configuration is good")
    case .store(let command): try command.run(arguments)
    }
  }

  private static func serve(_ arguments: Arguments, _ plugins: [any Plugin.Type]) async throws {
    let signals = EndSignals()
    ProcessLimits.ignoreFatalWrites()
    ProcessLimits.raiseOpenFiles()
    let configuration = try configuration(arguments)
    let loaded = try loaded(configuration, beside: plugins).map(\.type)
    let server = try Server(configuration, additional: plugins + loaded)
    try await server.start()
    say("liaison \(Version.current) listening on http://\(server.address)")
    let signal = await signals.next()
    Log(level: configuration.logLevel).info("ending", ["signal": signal])
    await server.stop()
  }

  /// The plugins from libraries that the configuration names.
  static func loaded(
    _ configuration: ServerConfiguration, beside plugins: [any Plugin.Type]
  ) throws(PluginRefusal) -> [PluginLibrary] {
    let known = PipelineAssembly.firstParty + plugins
    return try PluginLibrary.all(of: configuration, taken: known.map { $0.name } + [Persistence.name])
  }

  static func configuration(_ arguments: Arguments) throws(ConfigurationError) -> ServerConfiguration {
    try ServerConfiguration(
      file: arguments.configurationFile, environment: ProcessInfo.processInfo.environment,
      flags: arguments.flags)
  }

  /// A line on standard output, at once: somebody may wait for it through a pipe.
  static func say(_ line: String) {
    StandardStream.output.write("\(line)\n")
  }

  private static func complain(_ line: String) {
    StandardStream.error.write("liaison: \(line)\n")
  }
}
