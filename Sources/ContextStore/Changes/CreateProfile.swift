public import ContextModel

/// Create Customer Profile.
public struct CreateProfile: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The customer.
  public var customer: String
  /// What was sent.
  public var body: ProfileBody
  /// When it was asked for.
  public var at: Timestamp
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(tenant: Tenant, customer: String, body: ProfileBody, at: Timestamp, principal: String? = nil) {
    self.tenant = tenant
    self.customer = customer
    self.body = body
    self.at = at
    self.principal = principal
  }

  /// Keeps the profile. Fails with 409 if the customer has one, or another one has the same values of a unique key.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Int64 {
    guard try transaction.profile(customer, tenant: tenant) == nil else {
      throw ContextError(
        status: 409, code: "profile_exists", message: "Customer \(customer) has a profile already.",
        field: "customer_id")
    }
    var profile = ProfileRecord(
      Profile(customerID: customer, attributes: body.attributes, revision: Self.firstRevision))
    for given in body.extensions { profile.set(given.name, given.value.text) }
    transaction.note(
      Change(
        .createProfile, tenant: tenant, at: at, customer: customer, principal: principal, event: body.text))
    try transaction.put(profile, replacing: nil, tenant: tenant)
    return profile.profile.revision
  }

  /// By chance: which revisions a former profile of the customer had nobody knows any more, and an `If-Match` that was meant
  /// for it must not fit this one.
  private static var firstRevision: Int64 { .random(in: 1...1 << 52) }
}
