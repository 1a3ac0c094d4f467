import FoundationEssentials
import Glibc
import LiaisonKit

/// A plugin from a shared library. Libraries stay loaded as long as the process: their code may be running.
struct PluginLibrary {
  let file: String
  let type: any Plugin.Type

  /// Where libraries are looked for that are named without a folder, unless the configuration says otherwise.
  static var installedFolder: String {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: executable).deletingLastPathComponent().path + "/plugins"
  }

  /// Checks the library's note, then loads it.
  init(loading file: String) throws(PluginRefusal) {
    self.file = file
    do throws(PluginRefusal.Reason) {
      type = try Self.load(file)
    } catch {
      throw PluginRefusal(file: file, reason: error)
    }
  }

  /// The libraries that a configuration names, in its order.
  ///
  /// - Parameter taken: names of plugins that are there already.
  static func all(
    of configuration: ServerConfiguration, taken: [String]
  ) throws(PluginRefusal) -> [PluginLibrary] {
    var names = Set(taken)
    var libraries: [PluginLibrary] = []
    for file in configuration.libraries {
      let library = try PluginLibrary(loading: file)
      guard names.insert(library.type.name).inserted else {
        throw PluginRefusal(file: file, reason: .duplicateName(library.type.name))
      }
      libraries.append(library)
    }
    return libraries
  }

  private static func load(_ file: String) throws(PluginRefusal.Reason) -> any Plugin.Type {
    let content: Data
    do {
      content = try Data(contentsOf: URL(fileURLWithPath: file))
    } catch {
      throw .unreadable(FileFault.reason(of: error))
    }
    try PluginNote(library: Array(content)).requireFit()
    // A name without a folder would be looked for elsewhere.
    guard let handle = dlopen(file.contains("/") ? file : "./" + file, RTLD_NOW | RTLD_LOCAL) else {
      throw .notLoadable(dlerror().map { String(cString: $0) } ?? "dlopen says nothing")
    }
    guard let symbol = dlsym(handle, PluginExport.symbol) else { throw .noEntry }
    typealias Entry = @convention(c) () -> UnsafeMutableRawPointer
    return PluginExport.take(unsafeBitCast(symbol, to: Entry.self)()).type
  }
}
