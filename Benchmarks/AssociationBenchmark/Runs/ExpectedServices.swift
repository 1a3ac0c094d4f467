/// What the server must hold after the acknowledged requests: for every service its id, the customer it was
/// last associated with, and the number of that association (which is in its interaction id). Used by one
/// thread.
///
/// A service with an unanswered association is never chosen for another one, so that which of the two came
/// later is never open and the expectation is exact.
final class ExpectedServices {
  /// How many customers the associations are spread over.
  static let customers = 20_000
  /// What a service's customer is before its first association.
  static let anonymous = UInt32.max

  private(set) var identifiers: [UInt64] = []
  private(set) var customerOf: [UInt32] = []
  private(set) var associationOf: [UInt32] = []
  private var unanswered: [Bool] = []
  /// Whether customers may have services that are not known here.
  private(set) var hasStrangers = false
  private var random = RandomNumbers(seed: 20_091_205)
  private var associations: UInt32 = 0

  var count: Int { identifiers.count }

  /// Adds a started service by the id that the server gave it.
  func add(identifier: UInt64) {
    identifiers.append(identifier)
    customerOf.append(Self.anonymous)
    associationOf.append(0)
    unanswered.append(false)
  }

  /// A random service (its index here).
  @inline(__always)
  func anyService() -> Int { random.next(below: identifiers.count) }

  /// Chooses a random service, a random customer and the association's number.
  @inline(__always)
  func nextAssociation() -> (service: Int, customer: UInt32, association: UInt32) {
    var service = anyService()
    while unanswered[service] { service = anyService() }
    unanswered[service] = true
    associations &+= 1
    return (service, UInt32(random.next(below: Self.customers)), associations & 0x1FF_FFFF)
  }

  /// The association has been acknowledged.
  @inline(__always)
  func acknowledged(service: Int, customer: UInt32, association: UInt32) {
    unanswered[service] = false
    customerOf[service] = customer
    associationOf[service] = association
  }

  /// Somebody else has associated services: what is known of them counts no more, and customers may have others.
  func forget() {
    hasStrangers = true
    for service in customerOf.indices { customerOf[service] = Self.anonymous }
  }

  /// The customer's id as it stands in paths and answers: 16 characters, as in the vendor's sample.
  static func customerIdentifier(_ customer: UInt32) -> String { "0004Va58A9" + digits(customer, 6) }

  /// The interaction id of an association.
  static func interactionIdentifier(_ association: UInt32) -> String { "123ABCAADF" + digits(association, 8) }

  private static func digits(_ value: UInt32, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: count - text.count) + text
  }
}
