/// A plugin on its way out of a shared library. The library has one C function:
///
/// ```swift
/// @_cdecl("liaison_plugin")
/// public func liaisonPlugin() -> UnsafeMutableRawPointer { PluginExport.pointer(to: Stamp.self) }
/// ```
public final class PluginExport: Sendable {
  /// The plugin.
  public let type: any Plugin.Type

  private init(_ type: any Plugin.Type) { self.type = type }

  /// The name of the library's function.
  public static let symbol = "liaison_plugin"

  /// What the function returns: owned by the caller, which takes it with ``take(_:)`` once.
  public static func pointer(to type: any Plugin.Type) -> UnsafeMutableRawPointer {
    Unmanaged.passRetained(PluginExport(type)).toOpaque()
  }

  /// Takes over what ``pointer(to:)`` gave.
  public static func take(_ pointer: UnsafeMutableRawPointer) -> PluginExport {
    Unmanaged<PluginExport>.fromOpaque(pointer).takeRetainedValue()
  }
}
