import Foundation

/// What the kernel, the disk and Redis together allow: a `BareServer`. Ends with this object.
final class BareFloor {
  /// The first word of this program's arguments that makes it that server.
  static let verb = "bare-server"

  let port: UInt16
  let cpu: ProcessCPU
  private let process: ChildProcess

  /// Starts it with its file in `folder`; returns when it accepts connections.
  init(folder: String, redis: PrivateRedis) throws {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    process = try ChildProcess(
      program, [Self.verb, folder, redis.socket], log: "\(folder)/bare-server.log")
    let line = try process.waitForLine(containing: "listening on http://", seconds: 30)
    guard let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) else {
      throw BenchmarkError.cannotStart("no port in the bare server's line: \(line)")
    }
    self.port = port
    cpu = try ProcessCPU(of: process.identifier)
  }
}
