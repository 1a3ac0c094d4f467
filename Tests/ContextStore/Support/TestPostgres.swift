import Foundation
import Synchronization
import Testing

@testable import ContextStore

/// A PostgreSQL for all tests of the process; each store has a schema of its own in it. It ends with the process.
enum TestPostgres {
  private static let counter = Atomic<Int>(0)

  /// Whether there is a server to start.
  static let isInstalled =
    ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []).contains {
      FileManager.default.isExecutableFile(atPath: "/usr/lib/postgresql/\($0)/bin/initdb")
    }

  /// How the server is reached.
  private static let connection: String = {
    let script = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Scripts/private-postgres.sh").standardized
    let process = Process()
    process.executableURL = script
    process.arguments = ["-c", "fsync=off", "-c", "max_connections=500"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    do { try process.run() } catch { preconditionFailure("\(script.path): \(error)") }
    var line = Data()
    while let byte = try? output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
      byte != Data("\n".utf8)
    {
      line += byte
    }
    // The server lives as long as somebody holds this end.
    _ = Unmanaged.passRetained(input)
    return String(decoding: line, as: UTF8.self)
  }()

  /// Where a new, empty store lies.
  static func newStore() throws -> PostgresOptions {
    let schema = "store_\(counter.add(1, ordering: .relaxed).newValue)"
    let server = try PostgresConnection(PostgresOptions(connection: connection))
    try server.run(PostgresStatement("create", "CREATE SCHEMA \(schema)"))
    return PostgresOptions(connection: "\(connection) options='-c search_path=\(schema)'")
  }

  /// The rows of a query, columns joined by `|`, as somebody with `psql` sees them.
  static func rows(_ store: PostgresOptions, _ sql: String) throws -> [String] {
    let rows = try PostgresConnection(store).run(PostgresStatement("rows", "SELECT q::text FROM (\(sql)) q"))
    return (0..<rows.count).map {
      (rows.text($0, 0) ?? "").dropFirst().dropLast().replacing(",", with: "|")
    }.map(String.init)
  }

  static func execute(_ store: PostgresOptions, _ sql: String) throws {
    try PostgresConnection(store).run(PostgresStatement("execute", sql))
  }
}
