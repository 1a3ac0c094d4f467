import CEpoll
import Glibc

@testable import HTTP

/// An answer as a client reads it.
struct TestAnswer: Equatable {
  var status: Int
  /// Names in lower case.
  var fields: [String: String]
  var body: String
}

/// A blocking HTTP client that sees the bytes; every read gives up after ten seconds.
final class TestClient {
  struct Failure: Error { let what: String }

  let descriptor: Int32
  private(set) var buffer: [UInt8] = []

  /// Connects to a server whose listener has started.
  convenience init(_ server: TestServer, receiveBuffer: Int32? = nil) throws {
    // The listener's start is posted; a barrier makes sure that it ran.
    server.onLoop {}
    try self.init(unsynchronised: server, receiveBuffer: receiveBuffer)
  }

  init(unsynchronised server: TestServer, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let size = socklen_t(MemoryLayout<Int32>.size)
    if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, size) }
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
    var address = sockaddr_storage()
    withUnsafeMutableBytes(of: &address) { bytes in
      var inet = sockaddr_in()
      inet.sin_family = sa_family_t(AF_INET)
      inet.sin_port = server.listener.address.port.bigEndian
      inet.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      bytes.storeBytes(of: inet, as: sockaddr_in.self)
    }
    // `deinit` closes: it runs also when this throws.
    guard cepoll_connect(descriptor, &address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 else {
      throw Failure(what: "connect: \(String(cString: strerror(errno)))")
    }
  }

  deinit { Glibc.close(descriptor) }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: some Collection<UInt8>) throws {
    let bytes = Array(bytes)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(what: "send: \(String(cString: strerror(errno)))") }
      sent += count
    }
  }

  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Reads one answer; `toHead` when it answers HEAD and has no body.
  func answer(toHead: Bool = false) throws -> TestAnswer {
    var end = headEnd()
    while end == nil {
      guard try fill() else { throw Failure(what: "closed inside a head after \(buffer.count) bytes") }
      end = headEnd()
    }
    let lines = String(decoding: buffer[..<end!], as: UTF8.self).split(separator: "\r\n")
    let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) }
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
    }
    buffer.removeFirst(end!)
    let length = toHead ? 0 : Int(fields["content-length"] ?? "0") ?? 0
    while buffer.count < length {
      guard try fill() else { throw Failure(what: "closed inside a body") }
    }
    let body = String(decoding: buffer[..<length], as: UTF8.self)
    buffer.removeFirst(length)
    guard let status else { throw Failure(what: "no status in \(lines)") }
    return TestAnswer(status: status, fields: fields, body: body)
  }

  /// Reads up to and with `mark`.
  func text(until mark: String) throws -> String {
    let mark = Array(mark.utf8)
    while true {
      if buffer.count >= mark.count {
        for start in 0...(buffer.count - mark.count)
        where buffer[start..<start + mark.count].elementsEqual(mark) {
          defer { buffer.removeFirst(start + mark.count) }
          return String(decoding: buffer[..<(start + mark.count)], as: UTF8.self)
        }
      }
      guard try fill() else { throw Failure(what: "closed before \(mark)") }
    }
  }

  /// Whether the server closes now, with nothing before it.
  func isClosed() throws -> Bool { try buffer.isEmpty && !fill() }

  /// Reads until the server closes.
  func everything() throws -> [UInt8] {
    while try fill() {}
    defer { buffer = [] }
    return buffer
  }

  /// Waits for bytes; false at the end of the stream.
  func fill() throws -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count >= 0 else { throw Failure(what: "recv: \(String(cString: strerror(errno)))") }
    buffer += chunk[..<count]
    return count > 0
  }

  /// How many segments with data the client's kernel has received: on loopback, one for each small send.
  func dataSegments() -> Int {
    var info = [UInt32](repeating: 0, count: 64)
    var length = socklen_t(256)
    getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &length)
    // tcpi_data_segs_in of the kernel's struct tcp_info; Glibc's stops before it.
    return Int(info[152 / 4])
  }

  private func headEnd() -> Int? {
    guard buffer.count >= 4 else { return nil }
    for index in 3..<buffer.count where buffer[index] == 10 {
      if buffer[index - 1] == 13, buffer[index - 2] == 10, buffer[index - 3] == 13 { return index + 1 }
    }
    return nil
  }
}
