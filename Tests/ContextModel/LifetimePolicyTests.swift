import ContextModel
import Testing

@Suite struct LifetimePolicyTests {
  private static let start = Timestamp("2026-11-24T10:00:00Z")!

  private static func service(type: AttributeValue? = nil, updatedAt: Int64 = 0) -> Service {
    var event = Event()
    event.fields.timestamp = start
    event.type = type
    var service = Service(id: ServiceID(1)!, tenant: .single, starting: event)
    service.trail.updatedAt = updatedAt
    return service
  }

  @Test(arguments: [
    ("1s", 1), ("2m", 120), ("3h", 10_800), ("10d", 864_000), ("1w", 604_800), ("1M", 2_592_000),
    ("5y", 157_680_000),
  ])
  func `a lifetime is a number and a letter`(text: String, seconds: Int) {
    #expect(LifetimePolicy.seconds(text) == Int64(seconds))
  }

  @Test(arguments: ["", "5", "y", "0d", "-1d", "5x", "1.5d", "5 y", "5Y", "2000y", "9223372036854775807y"])
  func `anything else is none`(text: String) { #expect(LifetimePolicy.seconds(text) == nil) }

  @Test func `nothing is due where nothing is configured and no event said so`() {
    #expect(LifetimePolicy().dueAt(Self.service(updatedAt: 5000)) == 0)
  }

  @Test func `the sooner of expiration and completion is when a service is due`() throws {
    var policy = LifetimePolicy()
    policy.expiration = 60
    policy.autoCompleteAfter = 10
    var service = Self.service(updatedAt: 1000)
    #expect(policy.dueAt(service) == 11_000)
    try service.complete(Event(.end), at: Self.start)
    #expect(policy.completion(of: service) == nil && policy.dueAt(service) == 61_000)
  }

  @Test func `a type has its own lifetime, and an event overrides both`() {
    var policy = LifetimePolicy()
    policy.expiration = 60
    policy.expirationOfTypes = [.id(7): 5, .name("Long"): 500]
    #expect(policy.dueAt(Self.service(type: .id(7))) == 5000)
    #expect(policy.dueAt(Self.service(type: .name("Long"))) == 500_000)
    #expect(policy.dueAt(Self.service(type: .name("7"))) == 60_000)
    var service = Self.service(type: .id(7))
    service.expire(.moment(Timestamp(milliseconds: 9)), from: Self.start)
    #expect(policy.dueAt(service) == 9)
  }
}
