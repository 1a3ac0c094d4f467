import FoundationEssentials
import LiaisonKit

/// `liaison plugin …`
enum PluginCommand: Equatable {
  case new(name: String)
  case list
  case check(file: String)

  /// Reads what stands behind `plugin`.
  ///
  /// - Returns: the command, and the flags that may follow by their options.
  static func read(
    _ rest: inout ArraySlice<String>
  ) throws(UsageError) -> (command: PluginCommand, flags: [String: String]) {
    let action = rest.popFirst()
    switch action {
    case "list": return (.list, Arguments.configurationFlag)
    case "new", "check":
      guard let operand = rest.popFirst(), !operand.hasPrefix("-") else {
        throw UsageError(
          description: action == "new" ? "plugin new needs a NAME" : "plugin check needs a FILE")
      }
      if action == "check" { return (.check(file: operand), [:]) }
      guard PluginScaffold.isName(operand) else {
        throw UsageError(
          description:
            "\"\(operand)\" is no name of a plugin: 2 to 40 lower-case letters, digits and single dashes, "
            + "a letter first, such as center-stamp")
      }
      let scaffold = PluginScaffold(name: operand, sources: "")
      guard scaffold.canBeBuilt else {
        throw UsageError(
          description:
            "\"\(operand)\" cannot be the name of a new plugin: its module would be called \(scaffold.module), as something "
            + "that it is built with; another word beside it helps, such as center-\(operand)")
      }
      return (.new(name: operand), ["--sources": "sources"])
    default:
      let got = action.map { "unknown command \"plugin \($0)\"" } ?? "plugin needs a command"
      throw UsageError(description: "\(got); known: plugin new NAME, plugin list, plugin check FILE")
    }
  }

  func run(_ arguments: Arguments, _ plugins: [any Plugin.Type]) throws {
    switch self {
    case .new(let name):
      let sources = try PluginScaffold.sourcesFolder(arguments.text(of: "sources"))
      let scaffold = PluginScaffold(name: name, sources: sources)
      try scaffold.write(to: name)
      LiaisonCommand.say("\(name) is the package of a plugin; its README.md says how to build and run it")
    case .check(let file):
      let library = try PluginLibrary(loading: file)
      LiaisonCommand.say("\(file): this server can load \(library.type.name) \(library.type.version)")
    case .list: try list(arguments, plugins)
    }
  }

  private func list(_ arguments: Arguments, _ plugins: [any Plugin.Type]) throws {
    let configuration = try LiaisonCommand.configuration(arguments)
    let libraries = try LiaisonCommand.loaded(configuration, beside: plugins)
    try Server.check(configuration, plugins + libraries.map(\.type))
    for (index, name) in configuration.pipeline.enumerated() {
      let library = libraries.first { $0.type.name == name }
      let type = library?.type ?? plugins.first { $0.name == name }
      let origin = library.map { $0.file } ?? (type == nil ? "of the server" : "built in")
      let version = type?.version ?? Version.current
      let settings = configuration.plugins.value(name).map { " \($0.json)" } ?? ""
      LiaisonCommand.say("\(index + 1) \(name) \(version) (\(origin))\(settings)")
    }
    for library in libraries where !configuration.pipeline.contains(library.type.name) {
      let type = library.type
      LiaisonCommand.say("- \(type.name) \(type.version) (\(library.file)) not in the pipeline")
    }
  }
}

extension ConfigurationValue {
  /// On one line, keys sorted.
  fileprivate var json: String {
    switch self {
    case .array(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value.json)" }.joined(separator: ",")
        + "}"
    case .null: "null"
    case .bool, .integer, .double, .string: article
    }
  }
}
