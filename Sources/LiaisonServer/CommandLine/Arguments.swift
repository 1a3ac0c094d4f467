/// Why the command line is refused.
struct UsageError: Error, CustomStringConvertible {
  let description: String
}

/// The command line, understood.
struct Arguments {
  /// What to do.
  enum Command: Equatable {
    case serve
    case check
    case store(StoreCommand)
    case plugin(PluginCommand)
    case help
    case version
  }

  let command: Command
  /// `--config`.
  private(set) var configurationFile: String?
  /// Options by their whole keys.
  private(set) var flags: [(option: String, text: String)] = []

  /// The flags of `serve` by the options that they set.
  private static let serveFlags = [
    "--listen": "listen", "--data": "data", "--redis": "redis.url", "--store": "store.url",
    "--loops": "loops",
  ]

  init(_ arguments: [String]) throws(UsageError) {
    if arguments.isEmpty || arguments.contains("--help") || arguments.contains("-h") || arguments == ["help"]
    {
      command = .help
      return
    }
    if arguments.contains("--version") {
      command = .version
      return
    }
    var rest = arguments[...]
    let known: [String: String]
    switch rest.removeFirst() {
    case "serve":
      command = .serve
      known = Self.serveFlags
    case "check":
      command = .check
      known = [:]
    case "store":
      let (store, flags) = try StoreCommand.read(&rest)
      command = .store(store)
      known = flags
    case "plugin":
      let (plugin, flags) = try PluginCommand.read(&rest)
      command = .plugin(plugin)
      known = flags
    case let other:
      throw UsageError(
        description: "unknown command \"\(other)\"; known: serve, check, store backup, "
          + "store status, store migrate, store copy, "
          + "plugin new, plugin list, plugin check"
      )
    }
    try readFlags(&rest, known)
    if command == .check, configurationFile == nil {
      throw UsageError(description: "check needs --config FILE")
    }
  }

  private mutating func readFlags(_ rest: inout ArraySlice<String>, _ known: [String: String])
    throws(UsageError)
  {
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      let flag = parts[0]
      guard flag == "--config" || known[flag] != nil else {
        let names = (known.keys.sorted() + ["--config"]).joined(separator: ", ")
        throw UsageError(description: "unknown option \"\(flag)\"; known: \(names)")
      }
      guard let text = parts.count > 1 ? parts[1] : rest.popFirst() else {
        throw UsageError(description: "\(flag) needs a value")
      }
      if let option = known[flag] {
        flags.append((option, text))
      } else {
        configurationFile = text
      }
    }
  }
}
