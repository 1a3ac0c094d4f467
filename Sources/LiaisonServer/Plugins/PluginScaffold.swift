import FoundationEssentials

/// The package that `liaison plugin new` writes.
struct PluginScaffold {
  /// As in configurations: `center-stamp`.
  let name: String
  /// The server's sources, the kit's among them.
  let sources: String

  /// Whether this can be the name of a plugin.
  static func isName(_ text: String) -> Bool {
    guard (2...40).contains(text.utf8.count), let first = text.first, ("a"..."z").contains(first) else {
      return false
    }
    guard text.allSatisfy({ ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "-" }) else {
      return false
    }
    return !text.hasSuffix("-") && !text.contains("--")
  }

  /// The modules that a plugin's package cannot have, for something that it is built with has that name: of Swift, of the server's
  /// package, or of the kit.
  private static let takenModules: Set<String> = [
    "Any", "Self", "String", "Test", "Suite", "Swift", "Testing", "Foundation", "Synchronization", "Dispatch",
    "Glibc", "Kit", "Liaison", "LiaisonKit", "LiaisonServer", "LiaisonTesting", "EventLoop", "ContextAPI",
    "ContextModel", "ContextStore", "MappingCache", "Persistence", "Authentication", "BusinessAttributes",
    "ExtensionSchemas", "Plugin", "PluginContext", "PluginExport", "Middleware", "Call", "Next", "Reply",
    "ReplyHeader", "Counter", "ConfigurationSection", "ConfigurationError", "TestedServer",
  ]

  /// Whether a package of that name can be built. Names of packages are compared without case.
  var canBeBuilt: Bool { !Self.takenModules.contains { $0.lowercased() == module.lowercased() } }

  /// The server's sources: those given, those installed with this server, or those it was built from.
  static func sourcesFolder(_ given: String?) throws(UsageError) -> String {
    let files = FileManager.default
    func holdsSources(_ folder: String) -> Bool {
      files.fileExists(atPath: folder + "/Package.swift")
        && files.fileExists(atPath: folder + "/Sources/Kit/Package.swift")
    }
    if let given {
      guard holdsSources(given) else {
        throw UsageError(description: "--sources: there are no sources of Liaison in \(given)")
      }
      return URL(fileURLWithPath: given).standardizedFileURL.path
    }
    var folder = URL(
      fileURLWithPath: (try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/")
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      for place in [folder.appendingPathComponent("share/liaison").path, folder.path]
      where holdsSources(place) { return place }
    }
    throw UsageError(
      description: "the sources of Liaison are not beside this server: name them with --sources DIR")
  }

  /// The module: `CenterStamp`.
  var module: String {
    name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// Makes the folder, which must not be there.
  func write(to folder: String) throws(StartupError) {
    let files = FileManager.default
    guard !files.fileExists(atPath: folder) else { throw StartupError("\(folder) is there already") }
    for (path, text) in contents {
      let url = URL(fileURLWithPath: folder).appendingPathComponent(path)
      do {
        try files.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
      } catch {
        throw StartupError("\(folder)/\(path) cannot be made: \(FileFault.reason(of: error))")
      }
    }
  }
}
