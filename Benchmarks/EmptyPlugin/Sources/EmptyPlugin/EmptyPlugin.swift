public import LiaisonKit

/// A stage that does nothing: what it costs is what any loaded plugin costs.
public struct EmptyPlugin: Plugin, Middleware {
  /// `empty-plugin`
  public static let name = "empty-plugin"

  /// There is nothing to configure.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {}

  /// Passes the call on.
  public func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
}

/// What the server asks the library for.
@_cdecl("liaison_plugin")
public func liaisonPlugin() -> UnsafeMutableRawPointer { PluginExport.pointer(to: EmptyPlugin.self) }
