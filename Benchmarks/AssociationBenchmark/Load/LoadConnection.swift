import CEpoll
import Glibc

/// One client connection: its socket, what is in flight on it in order, and its two buffers. Owned by a load
/// generator and used on its thread; `close` frees everything.
struct LoadConnection {
  /// A request without an answer: when it was sent (or due), and the workload's name for it.
  struct Pending {
    var since: UInt64
    var token: UInt64
  }

  let descriptor: Int32
  let depth: Int
  private(set) var inFlight = 0
  var waitsForRoom = false

  private let pending: UnsafeMutablePointer<Pending>
  private var oldest = 0

  private let output: UnsafeMutableRawPointer
  private let outputCapacity: Int
  private var outputStart = 0
  private var outputEnd = 0

  private var input: UnsafeMutableRawPointer
  private var inputCapacity = 16384
  private var inputStart = 0
  private var inputEnd = 0

  /// Connects to a port of the loopback interface.
  init(port: UInt16, depth: Int, largestRequest: Int) throws {
    self.depth = depth
    descriptor = try Self.connect(to: port)
    pending = .allocate(capacity: depth)
    outputCapacity = depth * largestRequest
    output = .allocate(byteCount: outputCapacity, alignment: 16)
    input = .allocate(byteCount: inputCapacity, alignment: 16)
  }

  /// A connected non-blocking socket, which the caller owns.
  static func connect(to port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw BenchmarkError.system("socket", errno) }
    var limit = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else {
      let number = errno
      Glibc.close(descriptor)
      throw BenchmarkError.system("connect to 127.0.0.1:\(port)", number)
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    return descriptor
  }

  func close() {
    Glibc.close(descriptor)
    pending.deallocate()
    output.deallocate()
    input.deallocate()
  }

  /// Appends the workload's next request; false when it has none left. There must be room: `inFlight <
  /// depth`.
  @inline(__always)
  mutating func append(_ workload: inout some Workload, since: UInt64) -> Bool {
    if outputCapacity - outputEnd < workload.largestRequest {
      memmove(output, output + outputStart, outputEnd - outputStart)
      outputEnd -= outputStart
      outputStart = 0
    }
    guard let request = workload.writeRequest(to: output + outputEnd) else { return false }
    outputEnd += request.length
    var place = oldest + inFlight
    if place >= depth { place -= depth }
    pending[place] = Pending(since: since, token: request.token)
    inFlight += 1
    return true
  }

  /// Sends what the socket takes; true when everything has been sent.
  @inline(__always)
  mutating func flush() throws -> Bool {
    while outputStart < outputEnd {
      let sent = send(descriptor, output + outputStart, outputEnd - outputStart, Int32(MSG_NOSIGNAL))
      if sent < 0 {
        if errno == EAGAIN { return false }
        if errno == EINTR { continue }
        throw BenchmarkError.system("send", errno)
      }
      outputStart += sent
    }
    outputStart = 0
    outputEnd = 0
    return true
  }

  /// Reads once what has arrived; false when there was nothing.
  @inline(__always)
  mutating func receive() throws -> Bool {
    if inputStart == inputEnd {
      inputStart = 0
      inputEnd = 0
    } else if inputEnd == inputCapacity {
      makeRoom()
    }
    let count = recv(descriptor, input + inputEnd, inputCapacity - inputEnd, 0)
    if count > 0 {
      inputEnd += count
      return true
    }
    if count == 0 { throw BenchmarkError.wrongAnswer("the server closed a connection") }
    if errno == EAGAIN || errno == EINTR { return false }
    throw BenchmarkError.system("recv", errno)
  }

  /// Takes the next complete answer out of what was read and hands it to the workload; returns its request,
  /// or `nil` when no answer is complete.
  @inline(__always)
  mutating func takeAnswer(_ workload: inout some Workload) throws -> Pending? {
    let bytes = UnsafeRawBufferPointer(start: input + inputStart, count: inputEnd - inputStart)
    guard bytes.count > 0, let head = try AnswerHead(bytes), bytes.count >= head.length + head.bodyLength
    else {
      return nil
    }
    let end = head.length + head.bodyLength
    guard head.status == workload.expectedStatus else {
      throw BenchmarkError.wrongAnswer(
        "status \(head.status) instead of \(workload.expectedStatus): "
          + String(decoding: bytes[..<min(end, 600)], as: UTF8.self))
    }
    guard inFlight > 0 else { throw BenchmarkError.wrongAnswer("an answer without a request") }
    let answered = pending[oldest]
    oldest += 1
    if oldest == depth { oldest = 0 }
    inFlight -= 1
    try workload.answered(
      token: answered.token, head: UnsafeRawBufferPointer(rebasing: bytes[..<head.length]),
      body: UnsafeRawBufferPointer(rebasing: bytes[head.length..<end]))
    inputStart += end
    return answered
  }

  private mutating func makeRoom() {
    let held = inputEnd - inputStart
    if inputStart > 0 {
      memmove(input, input + inputStart, held)
    } else {
      let larger = UnsafeMutableRawPointer.allocate(byteCount: inputCapacity * 2, alignment: 16)
      memcpy(larger, input, held)
      input.deallocate()
      input = larger
      inputCapacity *= 2
    }
    inputStart = 0
    inputEnd = held
  }
}
