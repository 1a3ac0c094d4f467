public import ContextModel
import JSON

extension StoreTransaction {
  /// A profile as it is now; `nil` if the customer has none.
  public func profile(_ customer: String, tenant: Tenant) throws(ContextError) -> ProfileRecord? {
    guard let record = try record(.profile(customer, tenant: tenant)) else { return nil }
    guard let found = documents.profile(record) else {
      throw fail(StoreError(.damaged, "the profile of a customer is damaged"))
    }
    return found
  }

  /// A profile that must be there, at a revision that must be wanted.
  ///
  /// - Throws: 404 and 412.
  public func existingProfile(
    _ customer: String, tenant: Tenant, _ condition: RevisionCondition? = nil
  ) throws(ContextError) -> ProfileRecord {
    guard let found = try profile(customer, tenant: tenant) else { throw .profileNotFound(customer) }
    try found.profile.require(condition)
    return found
  }

  /// All identification keys of a tenant, and what is still being taken away from its profiles.
  public func storedKeys(tenant: Tenant) throws(ContextError) -> StoredKeys {
    guard let record = try record(.identificationKeys(tenant: tenant)) else { return StoredKeys() }
    guard let keys = documents.identificationKeys(record) else {
      throw fail(StoreError(.damaged, "the identification keys are damaged"))
    }
    return keys
  }

  /// Keeps a profile that was changed or is new, and under what the customer is found. Extensions that are being dropped are
  /// dropped from it: a call may have been checked when there was a schema.
  ///
  /// - Parameter former: the profile as it was; `nil` if it is new.
  /// - Throws: 400 if an extension and a core attribute have one name, or a key finds the customer under too many values; 409 if
  ///   another customer has the same values of a unique key, or more was added than a profile may have.
  public func put(
    _ profile: ProfileRecord, replacing former: ProfileRecord?, tenant: Tenant
  ) throws(ContextError) {
    let stored = try storedKeys(tenant: tenant)
    var profile = profile
    for name in stored.droppedExtensions { profile.set(name, nil) }
    try profile.requireDistinctNames()
    if let former { try requireSize(of: profile, replacing: former) }
    for key in stored.keys { try index(profile, replacing: former, by: key, tenant: tenant) }
    for key in stored.removed { try index(nil, replacing: former, by: key, tenant: tenant) }
    try put(
      Record(
        .profile(profile.profile.customerID, tenant: tenant), name: profile.profile.customerID,
        revision: profile.profile.revision, document: profile.profile.document, hidden: profile.extensionText)
    )
  }

  private func requireSize(of profile: ProfileRecord, replacing former: ProfileRecord) throws(ContextError) {
    for attribute in profile.profile.attributes {
      let (count, most) = (attribute.values.count, ProfileBody.mostValues)
      guard count > max(most, former.profile.values(of: attribute.name).count) else { continue }
      throw .mergeTooLarge(attribute.name, attribute.name, count, "at most \(most) values")
    }
    for stored in profile.extensions where stored.text.count > largestExtension {
      try requireSize(of: stored.text, stored.name, replacing: former.extension(stored.name)?.text)
    }
    try requireRoom(
      for: profile.profile.attributes.count, of: "core attributes", atMost: ProfileBody.mostAttributes,
      former: former.profile.attributes.count,
      added: profile.profile.attributes.first { former.profile.values(of: $0.name).isEmpty }?.name)
    try requireRoom(
      for: profile.extensions.count, of: "extensions", atMost: Extension.mostTogether,
      former: former.extensions.count,
      added: profile.extensions.first { former.extension($0.name) == nil }?.name)
    try requireRoom(
      for: profile.extensionBytes, of: "bytes of extensions", atMost: Self.mostOfLargest * largestExtension,
      former: former.extensionBytes,
      added: profile.extensions.first {
        $0.text.count > former.extension($0.name)?.text.count ?? 0
      }?.name)
  }

  /// Refuses to let a profile have more of something than it may: all of it is one record, which is read and written whole.
  ///
  /// - Parameter added: what is new in it, for the client.
  private func requireRoom(
    for count: Int, of unit: String, atMost most: Int, former: Int, added: @autoclosure () -> String?
  ) throws(ContextError) {
    guard count > max(most, former), let field = added() else { return }
    throw .mergeTooLarge(field, "The profile", count, "at most \(most) \(unit)")
  }

  /// How often all extensions of a profile may be as large as one may be.
  private static let mostOfLargest = 16

  /// Removes a profile, and under what the customer is found.
  public func delete(_ profile: ProfileRecord, tenant: Tenant) throws(ContextError) {
    let stored = try storedKeys(tenant: tenant)
    for key in stored.keys + stored.removed {
      try index(nil, replacing: profile, by: key, tenant: tenant)
    }
    try delete(.profile(profile.profile.customerID, tenant: tenant))
  }

  /// Brings up to date under what a customer is found by one key.
  func index(
    _ profile: ProfileRecord?, replacing former: ProfileRecord?, by key: IdentificationKey, tenant: Tenant
  ) throws(ContextError) {
    guard let customer = (profile ?? former)?.profile.customerID else { return }
    try profile?.requireFewIdentities(of: key, documents.jsonParser)
    func entries(_ record: ProfileRecord?) -> Set<RecordKey> {
      let identities = record?.identities(of: key, documents.jsonParser) ?? []
      return Set(
        identities.map {
          .identity(
            Identity.name($0, of: customer, isUnique: key.isUnique), key: key.id, tenant: tenant)
        })
    }
    let (old, new) = (entries(former), entries(profile))
    for entry in old.subtracting(new).sorted(by: { $0.name < $1.name }) { try delete(entry) }
    for entry in new.subtracting(old).sorted(by: { $0.name < $1.name }) {
      if key.isUnique, let other = try record(entry), other.document != Array(customer.utf8) {
        throw .identityTaken(key)
      }
      try put(Record(entry, document: Array(customer.utf8)))
    }
  }

  /// Keeps all identification keys of a tenant, and what is still being taken away from its profiles.
  func put(_ keys: StoredKeys, tenant: Tenant) throws(ContextError) {
    let record = RecordKey.identificationKeys(tenant: tenant)
    let revision = try self.record(record)?.revision ?? 0
    try put(Record(record, revision: revision + 1, document: keys.text))
  }
}

extension ProfileRecord {
  fileprivate var extensionBytes: Int { extensions.reduce(0) { $0 + $1.text.count } }
}

extension ContextError {
  /// 409: another customer has the same values of a unique key.
  public static func identityTaken(_ key: IdentificationKey) -> ContextError {
    ContextError(
      status: 409, code: "identity_taken",
      message: "Another customer has the same values of the unique identification key \(key.name).",
      field: key.parameters.joined(separator: ","))
  }
}
