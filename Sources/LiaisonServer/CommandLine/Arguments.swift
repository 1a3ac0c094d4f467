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

  /// What `--config` stands for in the place of an option.
  private static let file = "file"
  /// The flag of commands that read a configuration.
  static let configurationFlag = ["--config": file]
  /// The flags of `serve` by the options that they set.
  private static let serveFlags = [
    "--listen": "listen", "--data": "data", "--redis": "redis.url", "--store": "store.url",
    "--loops": "loops", "--config": file,
  ]

  init(_ arguments: [String]) throws(UsageError) {
    if arguments.isEmpty || arguments.contains("--help") || arguments.contains("-h")
      || arguments.first == "help"
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
      known = Self.configurationFlag
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

  /// The value of an option; the last one, if it is given several times.
  func text(of option: String) -> String? { flags.last { $0.option == option }?.text }

  private mutating func readFlags(_ rest: inout ArraySlice<String>, _ known: [String: String])
    throws(UsageError)
  {
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      let flag = parts[0]
      guard let option = known[flag] else {
        let what = flag.hasPrefix("-") ? "unknown option \"\(flag)\"" : "unexpected argument \"\(argument)\""
        let names = known.isEmpty ? "none" : known.keys.sorted().joined(separator: ", ")
        throw UsageError(description: "\(what); options here: \(names)")
      }
      // What looks like a flag is one; as a value it is written behind an equals sign.
      let isAlone = rest.first?.hasPrefix("--") ?? true
      guard let text = parts.count > 1 ? parts[1] : isAlone ? nil : rest.popFirst(), !text.isEmpty else {
        throw UsageError(description: "\(flag) needs a value")
      }
      if option == Self.file { configurationFile = text } else { flags.append((option, text)) }
    }
  }
}
