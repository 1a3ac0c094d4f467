/// Starts a number of anonymous services and notes the ids that the server gives them.
struct StartWorkload: Workload {
  let largestRequest: Int
  let expectedStatus = 201

  private let services: ExpectedServices
  private var left: Int
  private var started: UInt64 = 0
  private let beforeContact: Bytes
  private let afterContact = Bytes(
    #"","service_type":100,"est_duration":600,"media_type":1,"interaction_id":"0R9X2"}"#)

  init(services: ExpectedServices, count: Int, credentials: String) {
    self.services = services
    left = count
    let start = #"{"timestamp":"2009-05-12T12:00:00.000Z","contact_key":"+1555"#
    let length = start.utf8.count + 8 + afterContact.count
    beforeContact = Bytes(
      "POST /services/start HTTP/1.1\r\nHost: 127.0.0.1\r\n\(credentials)Content-Type: application/json\r\n"
        + "Content-Length: \(length)\r\n\r\n\(start)")
    largestRequest = beforeContact.count + 8 + afterContact.count
  }

  mutating func writeRequest(to buffer: UnsafeMutableRawPointer) -> (length: Int, token: UInt64)? {
    guard left > 0 else { return nil }
    left -= 1
    started += 1
    var writer = RequestWriter(buffer)
    writer.write(beforeContact)
    writer.write(started, digits: 8)
    writer.write(afterContact)
    return (writer.count, started)
  }

  mutating func answered(token: UInt64, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) throws {
    // {"service_id":1500}: the only number in the body.
    var identifier: UInt64 = 0
    for byte in body where byte >= 48 && byte <= 57 { identifier = identifier &* 10 &+ UInt64(byte - 48) }
    guard identifier > 0 else {
      throw BenchmarkError.wrongAnswer("no service_id in " + String(decoding: body, as: UTF8.self))
    }
    services.add(identifier: identifier)
  }
}
