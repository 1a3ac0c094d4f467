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

/// A blocking client that shares nothing with the one under test.
final class RedisClient {
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  init(_ path: String) throws {
    descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    // `deinit` closes: it runs also when this throws.
    guard result == 0 else { throw TestFailure("cannot connect to \(path)") }
  }

  deinit { close(descriptor) }

  @discardableResult
  func callAsFunction(_ words: String...) -> String? { callAsFunction(words) }

  /// The answer as text; elements of an array separated by newlines; `nil` for none and for nil.
  @discardableResult
  func callAsFunction(_ words: [String]) -> String? {
    bytes(words).map { String(decoding: $0, as: UTF8.self) }
  }

  func bytes(_ words: [String]) -> [UInt8]? {
    var command = Array("*\(words.count)\r\n".utf8)
    for word in words { command += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
    guard send(descriptor, command, command.count, Int32(MSG_NOSIGNAL)) == command.count else { return nil }
    return answer()
  }

  private func answer() -> [UInt8]? {
    guard let line = line(), let type = line.first else { return nil }
    let rest = Array(line.dropFirst())
    switch type {
    case UInt8(ascii: "$"):
      guard let count = Int(String(decoding: rest, as: UTF8.self)), count >= 0, fill(count + 2) else {
        return nil
      }
      defer { buffer.removeFirst(count + 2) }
      return Array(buffer[..<count])
    case UInt8(ascii: "*"):
      guard let count = Int(String(decoding: rest, as: UTF8.self)), count >= 0 else { return nil }
      return Array((0..<count).map { _ in answer() ?? Array("nil".utf8) }.joined(separator: [10]))
    default: return rest
    }
  }

  private func line() -> [UInt8]? {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        defer { buffer.removeFirst(end + 1) }
        return Array(buffer[..<(end - 1)])
      }
      guard fill(buffer.count + 1) else { return nil }
    }
  }

  private func fill(_ count: Int) -> Bool {
    while buffer.count < count {
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let received = recv(descriptor, &chunk, chunk.count, 0)
      guard received > 0 else { return false }
      buffer += chunk[..<received]
    }
    return true
  }
}
