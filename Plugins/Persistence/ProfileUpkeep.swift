import ContextModel
import ContextStore

/// What goes through all profiles of a tenant, a page at a time. The store knows what has not come to its end: a call that is
/// repeated, and housekeeping, go on with it. Several may be at the same thing.
struct ProfileUpkeep {
  let store: ContextStore
  let tenant: Tenant

  /// How many profiles are brought up to date in one change.
  private static let page = 500

  /// Makes all profiles found by a key. Those that are written meanwhile are found already. A key that cannot be made ready,
  /// since two profiles have the same values of it, is removed.
  ///
  /// - Throws: 404 if it is removed meanwhile, 409, and 503.
  func makeReady(_ key: IdentificationKey, at moment: Timestamp, principal: String?)
    async throws(ContextError)
  {
    do throws(ContextError) {
      try await eachPage { customers, isLast throws(ContextError) in
        try await store.write(
          IndexProfiles(
            tenant: tenant, key: key, customers: customers.map(\.profile.customerID), isLast: isLast))
      }
    } catch {
      if error == .identityTaken(key) {
        // What is left of it is housekeeping's.
        try? await remove(key.name, at: moment, principal: principal)
      }
      throw error
    }
  }

  /// Removes a key with its entries.
  ///
  /// - Throws: 404 and 503.
  func remove(_ key: String, at moment: Timestamp, principal: String?) async throws(ContextError) {
    try await forget(
      try await store.write(
        DeleteIdentificationKey(tenant: tenant, name: key, at: moment, principal: principal)))
  }

  /// Removes the entries of a key that is removed.
  func forget(_ key: Int64) async throws(ContextError) {
    while true {
      let names = try await store.identities(ofKey: key, tenant: tenant, limit: Self.page)
      try await store.write(ForgetIdentities(tenant: tenant, key: key, names: names))
      guard !names.isEmpty else { return }
    }
  }

  /// Drops the values of an extension whose schema is removed.
  func drop(_ name: String) async throws(ContextError) {
    try await eachPage { profiles, isLast throws(ContextError) in
      let owners = profiles.filter { $0.extension(name) != nil }.map(\.profile.customerID)
      guard isLast || !owners.isEmpty else { return }
      try await store.write(
        DropProfileExtension(tenant: tenant, name: name, customers: owners, isLast: isLast))
    }
  }

  private func eachPage(
    _ body: ([ProfileRecord], _ isLast: Bool) async throws(ContextError) -> Void
  ) async throws(ContextError) {
    var last = ""
    while true {
      let profiles = try await store.profiles(after: last, tenant: tenant, limit: Self.page)
      let isLast = profiles.count < Self.page
      try await body(profiles, isLast)
      guard !isLast, let next = profiles.last?.profile.customerID else { return }
      last = next
    }
  }
}
