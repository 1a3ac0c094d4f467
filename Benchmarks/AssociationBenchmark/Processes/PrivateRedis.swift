import Foundation

/// A redis-server of the benchmark's own: on a unix socket only, without persistence. Ends with this object.
final class PrivateRedis {
  let socket: String
  let cpu: ProcessCPU
  private let process: ChildProcess

  /// Starts it in `folder`; returns when it answers. The path of a socket may have at most 107 bytes.
  init(folder: String) throws {
    socket = "\(folder)/redis.sock"
    guard socket.utf8.count <= 107 else {
      throw BenchmarkError.cannotStart("the path of the Redis socket is too long for a socket: \(socket)")
    }
    process = try ChildProcess(
      "redis-server",
      [
        "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder,
        "--daemonize", "no",
      ],
      log: "\(folder)/redis.log")
    _ = try process.waitForLine(containing: "eady to accept connections", seconds: 10)
    cpu = try ProcessCPU(of: process.identifier)
  }

  /// Its version, as it says itself.
  static var version: String {
    let words = ChildProcess.printed(by: "redis-server", ["--version"])?.split(separator: " ") ?? []
    return words.first { $0.hasPrefix("v=") }.map { String($0.dropFirst(2)) } ?? "not installed"
  }
}
