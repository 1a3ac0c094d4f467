import Foundation

/// A PostgreSQL of the benchmark's own, with the settings that its package brings but for memory and the size of the log:
/// what it acknowledges is on disk. Ends with this object.
final class PrivatePostgres {
  /// How libpq reaches it.
  let connection: String
  private let process: ChildProcess
  private let folder: String

  /// Where the programs of the newest version lie; `nil` if it is not installed.
  static let programs: String? = {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
    return versions.compactMap(Int.init).max().map { "/usr/lib/postgresql/\($0)/bin" }
  }()

  /// Starts it; returns when it answers.
  ///
  /// - Parameters:
  ///   - folder: for its log and what is made beside it.
  ///   - directory: the folder whose disk it uses. Its own user must be able to get there.
  init(folder: String, directory: String) throws {
    self.folder = folder
    let script = FileManager.default.currentDirectoryPath + "/Scripts/private-postgres.sh"
    process = try ChildProcess(
      "env",
      ["TMPDIR=\(directory)", script, "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"],
      log: "\(folder)/postgres.log")
    connection = try process.waitForLine(containing: "host=", seconds: 60)
  }

  /// Its version, as it says itself; `nil` if it is not installed.
  static var version: String? {
    programs.flatMap { ChildProcess.printed(by: "\($0)/postgres", ["--version"]) }?
      .split(separator: " ").dropFirst(2).first.map(String.init)
  }

  /// The rows of SQL commands, as `psql` prints them.
  func query(_ commands: String..., in store: String? = nil) throws -> String {
    try run(
      "psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"] + commands.flatMap { ["-c", $0] }, store)
  }

  /// Where a store lies that has a schema of its own.
  func store(in schema: String) -> String { "\(connection) options='-c search_path=\(schema)'" }

  /// Runs one of its programs to the end, and gives what it prints.
  func run(_ program: String, _ arguments: [String], _ store: String?) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(Self.programs ?? "/usr/bin")/\(program)")
    process.arguments = arguments + [store ?? connection]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw BenchmarkError.cannotStart("\(program) failed: \(text)")
    }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
