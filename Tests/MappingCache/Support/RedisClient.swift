import Foundation

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

  /// On loopback.
  init(port: Int) throws {
    descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // `deinit` closes: it runs also when this throws.
    guard result == 0 else { throw TestFailure("cannot connect to port \(port)") }
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
