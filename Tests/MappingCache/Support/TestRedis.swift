import Foundation
import Synchronization

/// A private redis-server on a unix socket in a folder of its own. Any thread, one at a time.
final class TestRedis: @unchecked Sendable {
  let folder: URL
  /// Where it listens, also between a kill and a restart.
  var socket: String { folder.appendingPathComponent("redis.sock").path }
  private let options: [String]
  private var process: Process?

  /// - Parameter running: otherwise `start` is up to the test.
  init(_ options: [String] = [], running: Bool = true) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "liaison-redis-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.options = options
    if running { try start() }
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Returns when it answers. On another socket nobody but the test knows that it is there.
  func start(socket: String? = nil) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      [
        "redis-server", "--port", "0", "--unixsocket", socket ?? self.socket, "--dir", folder.path, "--save",
        "",
        "--logfile", folder.appendingPathComponent("log").path, "--enable-debug-command", "yes",
      ] + options
    try process.run()
    self.process = process
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      if let client = try? RedisClient(socket ?? self.socket), client("PING") == "PONG" { return }
      usleep(2_000)
    }
    throw TestFailure("redis-server does not answer")
  }

  /// SIGKILL: without a chance to do anything.
  func kill() { signal(SIGKILL) }

  /// SIGTERM.
  func end() { signal(SIGTERM) }

  /// SIGSTOP: its sockets take what is sent, and nobody answers.
  func freeze() { Foundation.kill(process!.processIdentifier, SIGSTOP) }

  /// SIGCONT.
  func thaw() { Foundation.kill(process!.processIdentifier, SIGCONT) }

  private func signal(_ number: Int32) {
    guard let process else { return }
    Foundation.kill(process.processIdentifier, number)
    process.waitUntilExit()
    self.process = nil
    if number == SIGKILL { unlink(socket) }
  }

  /// Sends a command on a connection of its own.
  @discardableResult
  func callAsFunction(_ words: String...) -> String? {
    guard let client = try? RedisClient(socket) else { return nil }
    return client(words)
  }
}

struct TestFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
