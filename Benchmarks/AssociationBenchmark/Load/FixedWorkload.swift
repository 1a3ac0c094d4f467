/// The same GET again and again: `/health`, or a page of another server.
struct FixedWorkload: Workload {
  let expectedStatus = 200
  private let request: Bytes

  init(path: String) { request = Bytes("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") }

  var largestRequest: Int { request.count }

  @inline(__always)
  mutating func writeRequest(to buffer: UnsafeMutableRawPointer) -> (length: Int, token: UInt64)? {
    buffer.copyMemory(from: request.start, byteCount: request.count)
    return (request.count, 0)
  }

  @inline(__always)
  mutating func answered(token: UInt64, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {}
}
