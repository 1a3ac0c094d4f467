import Foundation

/// A redis-server, or Sentinel, on a port of loopback. Any thread, one at a time.
final class TestPort: @unchecked Sendable {
  let port: Int
  let folder: URL
  private let arguments: [String]
  private var process: Process?

  /// Returns when it answers.
  ///
  /// - Parameter configuration: the content of its file; `PORT` stands for the port.
  init(_ configuration: String, sentinel: Bool = false, port: Int = TestPort.free()) throws {
    self.port = port
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "liaison-redis-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appendingPathComponent("redis.conf")
    let text =
      "port \(port)\nbind 127.0.0.1\nsave \"\"\ndir \(folder.path)\nlogfile \(folder.path)/log\n"
      + configuration
    try text.write(to: file, atomically: true, encoding: .utf8)
    arguments = ["redis-server", file.path] + (sentinel ? ["--sentinel"] : [])
    try start()
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Returns when it answers.
  func start() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    try process.run()
    self.process = process
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      if let answer = (try? RedisClient(port: port))?("PING"), answer == "PONG" || answer.hasPrefix("NOAUTH")
      {
        return
      }
      usleep(2_000)
    }
    throw TestFailure("the redis-server on port \(port) does not answer")
  }

  /// SIGKILL: without a chance to do anything.
  func kill() {
    guard let process else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    self.process = nil
  }

  /// Sends a command on a connection of its own.
  @discardableResult
  func callAsFunction(_ words: String...) -> String? {
    guard let client = try? RedisClient(port: port) else { return nil }
    return client(words)
  }

  /// A port that nothing listens on, nor on the one 10,000 above, which a cluster's node takes for its bus.
  static func free() -> Int {
    while true {
      let port = Int.random(in: 12_000...22_000)
      if isFree(port), isFree(port + 10_000) { return port }
    }
  }

  private static func isFree(_ port: Int) -> Bool { (try? RedisClient(port: port)) == nil }
}
