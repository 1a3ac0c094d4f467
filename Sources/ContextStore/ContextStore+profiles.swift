public import ContextModel

extension ContextStore {
  /// A customer's profile as it is now; `nil` if there is none.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func profile(_ customer: String, tenant: Tenant) async throws(ContextError) -> ProfileRecord? {
    try await read { view throws(StoreError) in try view.profile(of: customer, tenant) }
  }

  /// The profiles behind one, in the order of their customers, at most `limit`.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func profiles(
    after customer: String, tenant: Tenant, limit: Int
  ) async throws(ContextError) -> [ProfileRecord] {
    try await read(settled: true) { view throws(StoreError) in
      try view.profiles(after: customer, tenant, limit: limit)
    }
  }

  /// All identification keys of a tenant, those that are not ready yet included.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func identificationKeys(tenant: Tenant) async throws(ContextError) -> [IdentificationKey] {
    try await storedKeys(tenant: tenant).keys
  }

  /// All identification keys of a tenant, and what is still being taken away from its profiles.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func storedKeys(tenant: Tenant) async throws(ContextError) -> StoredKeys {
    try await read { view throws(StoreError) in try view.storedKeys(tenant) }
  }

  /// The tenants that have, or had, something in their ``StoredKeys``.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func tenantsWithIdentificationKeys() async throws(ContextError) -> [Tenant] {
    try await read(settled: true) { view throws(StoreError) in try view.reader.tenantsWithKeys() }
  }

  /// The customers that a key finds under its first values: those of the first `limit` entries. Some may have other values of
  /// those that differ in control characters alone.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func customers(
    by key: IdentificationKey, values: [String], tenant: Tenant, limit: Int
  ) async throws(ContextError) -> Candidates {
    try await read { view throws(StoreError) in
      try view.customers(by: key, values, tenant, limit: limit)
    }
  }

  /// The first entries of an identification key, for ``ForgetIdentities``.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func identities(ofKey key: Int64, tenant: Tenant, limit: Int) async throws(ContextError) -> [String]
  {
    try await read(settled: true) { view throws(StoreError) in
      try view.identities(ofKey: key, tenant, limit: limit)
    }
  }
}
