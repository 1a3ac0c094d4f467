import Foundation

/// `POST /associations` with a fixed number of standard associations in a JSON array.
struct BulkWorkload: Workload {
  let largestRequest: Int
  let expectedStatus = 200

  private let services: ExpectedServices
  private let items: Int
  private let head: Bytes
  private let afterHead = Bytes("\r\n\r\n")
  private let beforeCustomer = Bytes(#"{"customer_id":"0004Va58A9"#)
  private let beforeService = Bytes(#"","service_id":"#)
  private let afterService = Bytes(#","timestamp":"2009-05-12T12:05:12.145Z","interaction_id":"123ABCAADF"#)
  private let afterInteraction = Bytes(
    #"","media_type":1,"resource_id":5005,"resource_type":2,"disposition":10}"#)
  private let comma = Bytes(",")
  private let opening = Bytes("[")
  private let closing = Bytes("]")
  private var underway: [UInt64: [(service: Int, customer: UInt32, association: UInt32)]] = [:]
  private var requests: UInt64 = 0

  init(services: ExpectedServices, items: Int, credentials: String) {
    self.services = services
    self.items = items
    head = Bytes(
      "POST /associations HTTP/1.1\r\nHost: 127.0.0.1\r\n\(credentials)Content-Type: application/json\r\n"
        + "Content-Length: ")
    let largestItem =
      beforeCustomer.count + 6 + beforeService.count + 20 + afterService.count + 8 + afterInteraction.count
      + 1
    largestRequest = head.count + 8 + 4 + items * largestItem + 2
  }

  mutating func writeRequest(to buffer: UnsafeMutableRawPointer) -> (length: Int, token: UInt64)? {
    requests += 1
    var chosen: [(service: Int, customer: UInt32, association: UInt32)] = []
    chosen.reserveCapacity(items)
    let headLength = head.count + 8 + afterHead.count
    var body = RequestWriter(buffer + headLength)
    for place in 0..<items {
      let next = services.nextAssociation()
      chosen.append(next)
      body.write(place == 0 ? opening : comma)
      body.write(beforeCustomer)
      body.write(UInt64(next.customer), digits: 6)
      body.write(beforeService)
      body.write(services.identifiers[next.service])
      body.write(afterService)
      body.write(UInt64(next.association), digits: 8)
      body.write(afterInteraction)
    }
    body.write(closing)
    var start = RequestWriter(buffer)
    start.write(head)
    start.write(UInt64(body.count), digits: 8)
    start.write(afterHead)
    underway[requests] = chosen
    return (headLength + body.count, requests)
  }

  mutating func answered(token: UInt64, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) throws {
    let success = #"{"status":200}"#
    guard body.count == items * (success.utf8.count + 1) + 1 else {
      throw BenchmarkError.wrongAnswer(
        "not all items succeeded: " + String(decoding: body.prefix(600), as: UTF8.self))
    }
    for item in underway.removeValue(forKey: token) ?? [] {
      services.acknowledged(service: item.service, customer: item.customer, association: item.association)
    }
  }
}
