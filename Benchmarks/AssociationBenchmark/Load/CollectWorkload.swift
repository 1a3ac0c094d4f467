import Foundation

/// GETs a list of paths once and keeps the bodies, in the order of the list.
struct CollectWorkload: Workload {
  let largestRequest: Int
  let expectedStatus = 200
  private(set) var bodies: [Data]

  private let requests: [Bytes]
  private var next = 0

  init(paths: [String], credentials: String) {
    requests = paths.map { Bytes("GET \($0) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(credentials)\r\n") }
    largestRequest = requests.map(\.count).max() ?? 0
    bodies = [Data](repeating: Data(), count: paths.count)
  }

  mutating func writeRequest(to buffer: UnsafeMutableRawPointer) -> (length: Int, token: UInt64)? {
    guard next < requests.count else { return nil }
    let request = requests[next]
    buffer.copyMemory(from: request.start, byteCount: request.count)
    next += 1
    return (request.count, UInt64(next - 1))
  }

  mutating func answered(token: UInt64, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
    bodies[Int(token)] = Data(body)
  }
}
