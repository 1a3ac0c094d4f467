import LiaisonKit

/// Why a plugin's library is not loaded: one line.
struct PluginRefusal: Error, CustomStringConvertible {
  /// What is wrong with it.
  enum Reason: Error, Equatable {
    case unreadable(String)
    case notALibrary
    case noNote
    case otherCompiler(String)
    case otherKit(String)
    case newerKit(String)
    case notLoadable(String)
    case noEntry
    case duplicateName(String)
  }

  let file: String
  let reason: Reason

  var description: String { "\(file): \(text)" }

  private var text: String {
    switch reason {
    case .unreadable(let error): "cannot be read: \(error)"
    case .notALibrary: "is not a 64-bit ELF shared library"
    case .noNote: "is no Liaison plugin: it has no note of the kit it was built against (LiaisonPluginNote)"
    case .otherCompiler(let compiler):
      "was built by the compiler \(compiler), this server by \(KitVersion.compiler): build it again"
    case .otherKit(let kit):
      "was built against kit \(kit), this server has kit \(KitVersion.current): build it again"
    case .newerKit(let kit):
      "was built against kit \(kit), this server has kit \(KitVersion.current): it needs a newer server"
    case .notLoadable(let error): "cannot be loaded: \(error)"
    case .noEntry: "does not export \(PluginExport.symbol)"
    case .duplicateName(let name): "brings a plugin \"\(name)\", but there is one of that name already"
    }
  }
}
