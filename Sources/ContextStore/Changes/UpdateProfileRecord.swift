public import ContextModel
public import JSON

/// Update Record in Profile Extension, and Delete Record From Profile Extension.
public struct UpdateProfileRecord: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The customer.
  public var customer: String
  /// The extension; compared without case.
  public var name: String
  /// Holds the `unique` attributes, and those that change.
  public var record: JSONValue
  /// The attributes that tell records apart.
  public var unique: [AttributeSchema]
  /// Whether the record is taken out.
  public var deleting: Bool
  /// When it was asked for.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, customer: String, name: String, record: JSONValue, unique: [AttributeSchema],
    deleting: Bool,
    at: Timestamp, condition: RevisionCondition? = nil, principal: String? = nil
  ) {
    self.tenant = tenant
    self.customer = customer
    self.name = name
    self.record = record
    self.unique = unique
    self.deleting = deleting
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// Changes the record. Fails with 404 (no profile, no such record), 409 (another customer has the same values of a
  /// unique key) and 412.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Int64 {
    let former = try transaction.existingProfile(customer, tenant: tenant, condition)
    guard let stored = former.extension(name), let value = transaction.documents.value(stored.text),
      let text = ExtensionMerge.changed(value, by: record, unique: unique, deleting: deleting)
    else {
      throw ContextError(
        status: 404, code: "record_not_found",
        message:
          "The extension \(name) of customer \(customer) has no record with these values of \(unique.map(\.name).joined(separator: ", ")).",
        field: name, value: record.excerpt)
    }
    var profile = former
    profile.profile.touch()
    profile.set(name, text)
    transaction.note(
      Change(
        .updateProfile, tenant: tenant, at: at, customerBefore: customer, customer: customer,
        principal: principal,
        event: Array("{}".utf8)))
    try transaction.put(profile, replacing: former, tenant: tenant)
    return profile.profile.revision
  }
}
