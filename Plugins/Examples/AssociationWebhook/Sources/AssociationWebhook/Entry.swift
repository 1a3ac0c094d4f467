import LiaisonKit

/// What the server asks the library for.
@_cdecl("liaison_plugin")
public func liaisonPlugin() -> UnsafeMutableRawPointer { PluginExport.pointer(to: AssociationWebhook.self) }
