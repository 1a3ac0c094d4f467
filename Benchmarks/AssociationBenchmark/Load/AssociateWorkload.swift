/// The standard association: `POST /customers/{c}/services/{s}` for a random service and a random customer,
/// with the fields of the vendor's sample and no extensions.
struct AssociateWorkload: Workload {
  let largestRequest: Int
  let expectedStatus = 200

  private let services: ExpectedServices
  private let beforeCustomer = Bytes("POST /customers/0004Va58A9")
  private let beforeService = Bytes("/services/")
  private let afterService: Bytes
  private let afterInteraction: Bytes

  /// The extensions of the second workload, with the sample's truncated parts completed.
  static let extensions =
    #","Feedback":{"rating":7,"notes":"warm welcome at frontdesk, thanks for the nice trip"},"#
    + #""Satisfaction":[{"rating":2,"pertinence":8,"usefull":6,"place":"Terranova mexico resort"},"#
    + #"{"rating":8,"pertinence":4,"usefull":1,"place":"Fancy resort Paris"}]"#

  /// - Parameter extensions: further members of the body, with a comma before each.
  init(services: ExpectedServices, credentials: String, extensions: String = "") {
    self.services = services
    let start = #"{"timestamp":"2009-05-12T12:05:12.145Z","interaction_id":"123ABCAADF"#
    let end = #"","media_type":1,"resource_id":5005,"resource_type":2,"disposition":10"# + extensions + "}"
    let length = start.utf8.count + 8 + end.utf8.count
    afterService = Bytes(
      " HTTP/1.1\r\nHost: 127.0.0.1\r\n\(credentials)Content-Type: application/json\r\n"
        + "Content-Length: \(length)\r\n\r\n\(start)")
    afterInteraction = Bytes(end)
    largestRequest =
      beforeCustomer.count + 6 + beforeService.count + 20 + afterService.count + 8 + afterInteraction.count
  }

  @inline(__always)
  mutating func writeRequest(to buffer: UnsafeMutableRawPointer) -> (length: Int, token: UInt64)? {
    let next = services.nextAssociation()
    var writer = RequestWriter(buffer)
    writer.write(beforeCustomer)
    writer.write(UInt64(next.customer), digits: 6)
    writer.write(beforeService)
    writer.write(services.identifiers[next.service])
    writer.write(afterService)
    writer.write(UInt64(next.association), digits: 8)
    writer.write(afterInteraction)
    // 24 bits of service, 15 of customer, 25 of association.
    let token = UInt64(next.service) << 40 | UInt64(next.customer) << 25 | UInt64(next.association)
    return (writer.count, token)
  }

  @inline(__always)
  mutating func answered(token: UInt64, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
    services.acknowledged(
      service: Int(token >> 40), customer: UInt32(token >> 25 & 0x7FFF),
      association: UInt32(token & 0x1FF_FFFF))
  }

  /// The most services that a token can tell apart.
  static let mostServices = 1 << 24
}
