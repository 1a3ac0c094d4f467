public import ContextModel

/// Merge Customer Profile: two profiles become one, in one step.
public struct MergeProfile: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// Whose profile stays.
  public var customer: String
  /// Whose profile goes.
  public var source: String
  /// What wins, and what becomes of services.
  public var options: MergeOptions
  /// Whether the services of the source come to the customer, as in version 8.1.3.
  public var movesServices: Bool
  /// The `unique` attributes of extensions that have some, by the names of the extensions in lower case.
  public var uniqueAttributes: [String: [AttributeSchema]]
  /// When it was asked for.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, customer: String, source: String, options: MergeOptions, movesServices: Bool,
    uniqueAttributes: [String: [AttributeSchema]], at: Timestamp, condition: RevisionCondition? = nil,
    principal: String? = nil
  ) {
    self.tenant = tenant
    self.customer = customer
    self.source = source
    self.options = options
    self.movesServices = movesServices
    self.uniqueAttributes = uniqueAttributes
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// What became of services.
  public struct Outcome: Sendable {
    /// Those that came to the customer.
    public var moved: [Mapping] = []
    /// Those that went with the source.
    public var deleted: [ServiceID] = []
  }

  /// Merges the profiles. Fails with 400 (both are the same), 404 and 412.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Outcome {
    guard !customer.hasBytes(of: source) else {
      throw .badField("src_id", code: "same_profile", message: "A profile cannot be merged with itself.")
    }
    let former = try transaction.existingProfile(customer, tenant: tenant, condition)
    let given = try transaction.existingProfile(source, tenant: tenant)
    var profile = former
    profile.profile.merge(given.profile)
    for stored in given.extensions {
      guard let present = profile.extension(stored.name),
        let mine = transaction.documents.value(present.text),
        let theirs = transaction.documents.value(stored.text)
      else {
        profile.set(stored.name, stored.text)
        continue
      }
      profile.set(
        stored.name,
        ExtensionMerge.merged(
          theirs, intoProfile: mine, unique: uniqueAttributes[stored.name.lowercased()] ?? [],
          sourceWins: options.sourceWins))
    }
    transaction.note(
      Change(
        .mergeProfile, tenant: tenant, at: at, customerBefore: source, customer: customer,
        principal: principal,
        event: Array("{}".utf8)))
    // The source gives up its places first: the customer may take them over.
    try transaction.delete(given, tenant: tenant)
    try transaction.put(profile, replacing: former, tenant: tenant)
    return movesServices ? try moveServices(transaction) : Outcome()
  }

  private func moveServices(_ transaction: StoreTransaction) throws(ContextError) -> Outcome {
    var outcome = Outcome()
    for var service in try transaction.services(of: .customer(source), tenant: tenant) {
      if options.movesActiveServicesOnly, service.status == .completed {
        try transaction.deleteWhole(service, at: at, principal: principal)
        outcome.deleted.append(service.id)
      } else {
        service.associate(with: customer, Event(.association))
        transaction.note(
          Change(
            .associate, tenant: tenant, service: service.id, revision: service.revision, at: at,
            customerBefore: source, customer: customer, principal: principal, event: Array("{}".utf8)))
        outcome.moved.append(try transaction.put(service))
      }
    }
    return outcome
  }
}
