public import LiaisonKit

/// A stage that does nothing: what it costs is what any loaded plugin costs.
public struct EmptyPlugin: Plugin {
  /// `empty-plugin`
  public static let name = "empty-plugin"

  /// In one of the two forms that stages have.
  public let middleware: any Middleware

  /// `immediate`: whether the stage is one that never waits.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    middleware = try configuration.bool("immediate", default: false) ? AdmittingStage() : HandlingStage()
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

/// What the server asks the library for.
@_cdecl("liaison_plugin")
public func liaisonPlugin() -> UnsafeMutableRawPointer { PluginExport.pointer(to: EmptyPlugin.self) }
