public import ContextModel

/// Update Customer Profile: core attributes as a whole, and those extensions that are given. Or Insert Extension Records: the extensions alone.
public struct UpdateProfile: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The customer.
  public var customer: String
  /// What was sent.
  public var body: ProfileBody
  /// Whether core attributes stay as they are.
  public var extensionsOnly: Bool
  /// When it was asked for.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, customer: String, body: ProfileBody, extensionsOnly: Bool = false, at: Timestamp,
    condition: RevisionCondition? = nil, principal: String? = nil
  ) {
    self.tenant = tenant
    self.customer = customer
    self.body = body
    self.extensionsOnly = extensionsOnly
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// Changes the profile. Fails with 404, 409 (another customer has the same values of a unique key) and 412.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Int64 {
    let former = try transaction.existingProfile(customer, tenant: tenant, condition)
    var profile = former
    if extensionsOnly { profile.profile.touch() } else { profile.profile.replace(body.attributes) }
    for given in body.extensions { profile.set(given.name, given.value.text) }
    transaction.note(
      Change(
        .updateProfile, tenant: tenant, at: at, customerBefore: customer, customer: customer,
        principal: principal,
        event: body.text))
    try transaction.put(profile, replacing: former, tenant: tenant)
    return profile.profile.revision
  }
}
