import Foundation

/// What the kernel, the disk and Redis together allow: a `BareServer`. Ends with this object.
final class BareFloor {
  /// The first word of this program's arguments that makes it that server.
  static let verb = "bare-server"

  let port: UInt16
  /// It and its Redis.
  let processes: [ProcessCPU]
  private let process: ChildProcess

  /// Starts it with its file in `folder`; returns when it accepts connections.
  init(folder: String, redis: PrivateRedis) throws {
    process = try ChildProcess(
      ChildProcess.ownProgram ?? "", [Self.verb, folder, redis.socket], log: "\(folder)/bare-server.log")
    port = try process.waitForPort()
    processes = [try ProcessCPU(of: process.identifier), redis.cpu]
  }
}
