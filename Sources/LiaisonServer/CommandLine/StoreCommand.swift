import ContextStore
import FoundationEssentials
import LiaisonKit

/// `liaison store …`
enum StoreCommand: Equatable {
  case backup(file: String)
  case status
  case migrate
  case copy

  /// Reads what stands behind `store`.
  ///
  /// - Returns: the command, and the flags that may follow by their options.
  static func read(
    _ rest: inout ArraySlice<String>
  ) throws(UsageError) -> (command: StoreCommand, flags: [String: String]) {
    let folder = Arguments.configurationFlag.merging(["--data": "data"]) { $1 }
    let place = folder.merging(["--store": "store.url"]) { $1 }
    let action = rest.popFirst()
    switch action {
    case "status": return (.status, place)
    case "migrate": return (.migrate, place)
    case "copy": return (.copy, ["--from": "from", "--to": "to"])
    case "backup":
      guard let file = rest.popFirst(), !file.hasPrefix("-") else {
        throw UsageError(description: "store backup needs a FILE")
      }
      return (.backup(file: file), folder)
    default:
      let got = action.map { "unknown command \"store \($0)\"" } ?? "store needs a command"
      throw UsageError(
        description: "\(got); known: store backup FILE, store status, store migrate, "
          + "store copy --from sqlite:DIR --to URL")
    }
  }

  func run(_ arguments: Arguments) throws {
    switch self {
    case .copy: try copy(arguments)
    case .backup(let file):
      let configuration = try LiaisonCommand.configuration(arguments)
      if configuration.postgres != nil {
        throw UsageError(
          description:
            "store backup copies the store of a data folder; PostgreSQL has pg_dump and pg_basebackup")
      }
      try StoreBackup.copy(folder: configuration.data, to: file)
      LiaisonCommand.say("\(file) is a complete copy of the store in \(configuration.data)")
    case .status:
      let schema = try StoreSchema(of: Self.location(try LiaisonCommand.configuration(arguments)))
      LiaisonCommand.say(schema.description)
    case .migrate:
      let location = Self.location(try LiaisonCommand.configuration(arguments))
      let schema = try StoreSchema.migrate(location)
      LiaisonCommand.say(
        schema.version == schema.current
          ? schema.description : "migrated from version \(schema.version) to \(schema.current)")
    }
  }

  private static func location(_ configuration: ServerConfiguration) -> StoreLocation {
    configuration.postgres.map(StoreLocation.postgres) ?? .folder(configuration.data)
  }

  private func copy(_ arguments: Arguments) throws {
    guard let from = arguments.text(of: "from"), let to = arguments.text(of: "to") else {
      throw UsageError(description: "store copy needs --from sqlite:DIR and --to URL")
    }
    guard from.hasPrefix("sqlite:"), from.count > 7 else {
      throw UsageError(description: "--from must be sqlite: and a data folder, not \"\(from)\"")
    }
    let target: PostgresOptions
    do {
      target = try PostgresOptions(parsing: to)
    } catch {
      throw UsageError(description: "--to must be a PostgreSQL database: what is given \(error)")
    }
    let isTerminal = StandardStream.error.isTerminal
    let copy = try StoreCopy(from: String(from.dropFirst(7)), to: target)
    let summary = try copy.run { progress in
      guard isTerminal || progress.isLast else { return }
      let line = "\(progress)"
      StandardStream.error.write(isTerminal ? "\r\u{1B}[K" + line : line)
      if progress.isLast { StandardStream.error.write("\n") }
    }
    LiaisonCommand.say(summary)
  }
}
