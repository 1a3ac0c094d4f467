public import LiaisonKit

/// A stage that does nothing: what it costs is what any loaded plugin costs.
public struct EmptyPlugin: Plugin {
  /// `empty-plugin`
  public static let name = "empty-plugin"

  /// In one of the forms that stages have.
  public let middleware: any Middleware

  /// `form`: which one; `handle`, `admit`, or `both-ways`.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    switch try configuration.string("form") {
    case "admit": middleware = AdmittingStage()
    case "both-ways": middleware = TwoWayStage()
    case "handle": middleware = HandlingStage()
    default: throw configuration.error("form", "must be handle, admit or both-ways")
    }
  }
}

/// Passes the call on in a task.
struct HandlingStage: Middleware {
  func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
}

/// Lets the call pass without one.
struct AdmittingStage: ImmediateMiddleware {
  func admit(_ call: Call) throws -> Bool { true }
}

/// Lets it pass, and the answer too.
struct TwoWayStage: TwoWayMiddleware {
  func admit(_ call: Call) throws -> Bool { true }
  func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply { try outcome.get() }
}

/// What the server asks the library for.
@_cdecl("liaison_plugin")
public func liaisonPlugin() -> UnsafeMutableRawPointer { PluginExport.pointer(to: EmptyPlugin.self) }
