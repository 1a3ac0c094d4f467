/// POSTs one body once.
struct PostWorkload: Workload {
  let expectedStatus: Int
  private let request: Bytes
  private var isSent = false

  init(path: String, body: String, expecting status: Int, credentials: String) {
    expectedStatus = status
    request = Bytes(
      "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(credentials)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    )
  }

  var largestRequest: Int { request.count }

  mutating func writeRequest(to buffer: UnsafeMutableRawPointer) -> (length: Int, token: UInt64)? {
    guard !isSent else { return nil }
    isSent = true
    buffer.copyMemory(from: request.start, byteCount: request.count)
    return (request.count, 0)
  }

  mutating func answered(token: UInt64, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {}
}
