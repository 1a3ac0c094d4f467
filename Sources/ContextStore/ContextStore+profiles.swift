public import ContextModel

extension ContextStore {
  /// A customer's profile as it is now; `nil` if there is none.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func profile(_ customer: String, tenant: Tenant) async throws(ContextError) -> ProfileRecord? {
    try await profiles(.profile(customer, tenant)).first
  }

  /// The profiles behind one, in the order of their customers, at most `limit`.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func profiles(
    after customer: String, tenant: Tenant, limit: Int
  ) async throws(ContextError) -> [ProfileRecord] {
    try await profiles(.profiles(after: customer, tenant, limit: limit))
  }

  private func profiles(_ request: PendingRead.Request) async throws(ContextError) -> [ProfileRecord] {
    guard case .profiles(let profiles) = try await read(request) else {
      preconditionFailure("an answer to another question")
    }
    return profiles
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
    guard case .identificationKeys(let keys) = try await read(.identificationKeys(tenant)) else {
      preconditionFailure("an answer to another question")
    }
    return keys
  }

  /// The tenants that have, or had, something in their ``StoredKeys``.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func tenantsWithIdentificationKeys() async throws(ContextError) -> [Tenant] {
    guard case .tenants(let tenants) = try await read(.tenantsWithKeys) else {
      preconditionFailure("an answer to another question")
    }
    return tenants
  }

  /// The customers that a key finds under its first values: those of the first `limit` entries. Some may have other values of
  /// those that differ in control characters alone.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func customers(
    by key: IdentificationKey, values: [String], tenant: Tenant, limit: Int
  ) async throws(ContextError) -> Candidates {
    guard case .candidates(let found) = try await read(.customers(key, values, tenant, limit: limit)) else {
      preconditionFailure("an answer to another question")
    }
    return found
  }

  /// The first entries of an identification key, for ``ForgetIdentities``.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func identities(ofKey key: Int64, tenant: Tenant, limit: Int) async throws(ContextError) -> [String]
  {
    try await names(.identities(key: key, tenant, limit: limit))
  }

  private func names(_ request: PendingRead.Request) async throws(ContextError) -> [String] {
    guard case .names(let names) = try await read(request) else {
      preconditionFailure("an answer to another question")
    }
    return names
  }
}

/// Customers that may be the one who is looked for.
public struct Candidates: Sendable {
  /// Each once.
  public var customers: [String]
  /// Whether there are no others.
  public var isComplete: Bool
}
