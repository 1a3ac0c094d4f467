import Glibc

/// `GET /services/{id}` of random services, counting the answers that came from the cache.
struct ReadWorkload: Workload {
  let largestRequest: Int
  let expectedStatus = 200
  /// Answers so far, and those whose `Cache-Status` said that the cache had it.
  private(set) var answers = 0
  private(set) var hits = 0

  private let services: ExpectedServices
  private let beforeService = Bytes("GET /services/")
  private let afterService: Bytes

  /// - Parameter headers: further header lines.
  init(services: ExpectedServices, credentials: String, headers: String = "") {
    self.services = services
    afterService = Bytes(" HTTP/1.1\r\nHost: 127.0.0.1\r\n\(credentials)\(headers)\r\n")
    largestRequest = beforeService.count + 20 + afterService.count
  }

  @inline(__always)
  mutating func writeRequest(to buffer: UnsafeMutableRawPointer) -> (length: Int, token: UInt64)? {
    var writer = RequestWriter(buffer)
    writer.write(beforeService)
    writer.write(services.identifiers[services.anyService()])
    writer.write(afterService)
    return (writer.count, 0)
  }

  @inline(__always)
  mutating func answered(token: UInt64, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
    answers += 1
    if Self.cacheHit(head) { hits += 1 }
  }

  /// Whether the head has `Cache-Status: liaison; hit`.
  @inline(__always)
  private static func cacheHit(_ head: UnsafeRawBufferPointer) -> Bool {
    guard let start = head.baseAddress else { return false }
    var place = 0
    while let found = memchr(start + place, 59, head.count - place) {
      place = UnsafeRawPointer(found) - start + 1
      if place >= 8, head.count - place >= 4, memcmp(start + place - 8, "liaison; hit", 12) == 0 {
        return true
      }
    }
    return false
  }
}
