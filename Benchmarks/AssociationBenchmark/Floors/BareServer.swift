import CEpoll
import Foundation

/// What an association cannot do without, and nothing else: its bytes are received, written durably together with those that
/// came meanwhile, shown to Redis in one script call, and answered. No HTTP is checked and no JSON read; nobody is authenticated;
/// nothing is looked up, kept or brought into tables. A process of its own, as the server is one.
///
/// One thread has the connections and Redis, another one the disk; each works on while the other waits.
final class BareServer {
  private static let answer = Array(
    ("HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Request-Id: 0123456789abcdef\r\n"
      + "Content-Length: 0\r\n\r\n").utf8)
  /// Bytes of a connection's buffer: more than a workload has in flight on one.
  private static let room = 1 << 16

  private let port: UInt16
  private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
  private let listener: Int32
  private let disk: BareDisk
  private let redis: BareRedis
  private var inputs: [Int32: (bytes: UnsafeMutableRawPointer, count: Int)] = [:]
  private var atRedis: [BareBatch] = []

  /// - Parameters:
  ///   - folder: where the file is.
  ///   - address: Redis's socket.
  init(folder: String, redis address: String) throws {
    disk = try BareDisk(folder: folder)
    redis = try BareRedis(socket: address)
    let socket = try LoopbackSocket()
    (listener, port) = (socket.descriptor, socket.port)
    guard listen(listener, 1024) == 0 else { throw BenchmarkError.system("listen", errno) }
    for descriptor in [listener, disk.finished, redis.descriptor] { try watch(descriptor) }
  }

  /// Serves until standard input ends.
  func run() throws {
    try watch(0)
    FileHandle.standardOutput.write(Data("listening on http://127.0.0.1:\(port)\n".utf8))
    var events = [epoll_event](repeating: epoll_event(), count: 512)
    while true {
      let ready = Int(max(0, epoll_wait(epoll, &events, Int32(events.count), -1)))
      var batch = BareBatch()
      for event in events[..<ready] {
        switch Int32(truncatingIfNeeded: event.data.u64) {
        case 0: return
        case listener: try accept()
        case disk.finished: try show()
        case redis.descriptor: try answer()
        case let connection: try receive(on: connection, into: &batch)
        }
      }
      if !batch.askers.isEmpty { disk.write(batch) }
    }
  }

  private func receive(on connection: Int32, into batch: inout BareBatch) throws {
    guard let (bytes, held) = inputs[connection] else { return }
    let more = recv(connection, bytes + held, Self.room - held, 0)
    guard more > 0 else {
      inputs[connection] = nil
      bytes.deallocate()
      close(connection)
      return
    }
    let count = held + more
    var start = 0
    var requests = 0
    while let end = Self.end(of: UnsafeRawBufferPointer(start: bytes + start, count: count - start)) {
      batch.services.append(Self.service(of: UnsafeRawBufferPointer(start: bytes + start, count: end)))
      start += end
      requests += 1
    }
    batch.bytes.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: start))
    memmove(bytes, bytes + start, count - start)
    inputs[connection] = (bytes, count - start)
    if requests > 0 { batch.askers.append((connection, requests)) }
  }

  /// Where a request ends: all that are sent have the same body, which ends with the first brace that closes.
  private static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress, let brace = memchr(start, 0x7D, bytes.count) else { return nil }
    return UnsafeRawPointer(brace) - start + 1
  }

  /// The number behind the last slash of the request's path.
  private static func service(of request: UnsafeRawBufferPointer) -> UInt64 {
    var value: UInt64 = 0
    for byte in request.dropFirst("POST ".utf8.count) {
      guard byte != 0x20 else { break }
      value = byte == 0x2F ? 0 : value &* 10 &+ UInt64(byte & 15)
    }
    return value
  }

  /// Shows Redis what is durable.
  private func show() throws {
    for batch in disk.takeDurable() {
      try redis.show(batch.services)
      atRedis.append(batch)
    }
  }

  /// Answers what Redis has.
  private func answer() throws {
    let answered = try redis.takeAnswers()
    for batch in atRedis.prefix(answered) {
      for (connection, count) in batch.askers {
        let answers = count == 1 ? Self.answer : Array(repeatElement(Self.answer, count: count).joined())
        guard send(connection, answers, answers.count, Int32(MSG_NOSIGNAL)) == answers.count else {
          throw BenchmarkError.system("send", errno)
        }
      }
    }
    atRedis.removeFirst(answered)
  }

  private func accept() throws {
    let connection = Glibc.accept(listener, nil, nil)
    guard connection >= 0 else { throw BenchmarkError.system("accept", errno) }
    var yes: Int32 = 1
    setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    inputs[connection] = (.allocate(byteCount: Self.room, alignment: 16), 0)
    try watch(connection)
  }

  private func watch(_ descriptor: Int32) throws {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = UInt64(descriptor)
    guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
      throw BenchmarkError.system("epoll_ctl", errno)
    }
  }
}
