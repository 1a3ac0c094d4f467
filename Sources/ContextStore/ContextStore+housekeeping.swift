public import ContextModel

// What is asked for to remove, or to complete, what nobody has named by its id.
extension ContextStore {
  /// The services that are due at a moment, the longest due first, at most `limit`.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func dueServices(at moment: Timestamp, limit: Int) async throws(ContextError) -> [(
    Tenant, ServiceID
  )] {
    try await read(settled: true) { view throws(StoreError) in
      try view.reader.dueServices(at: moment, limit: limit)
    }
  }

  /// Idempotency keys from before a moment, the oldest first, at most `limit`.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func idempotencyKeys(
    before moment: Timestamp, limit: Int
  ) async throws(ContextError) -> [(tenant: Tenant, key: String)] {
    try await read(settled: true) { view throws(StoreError) in
      try view.reader.idempotencyKeys(before: moment, limit: limit)
    }
  }

  /// The idempotency keys of calls whose answers name a customer.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func idempotencyKeys(
    naming customer: String, tenant: Tenant
  ) async throws(ContextError) -> [String] {
    try await read(settled: true) { view throws(StoreError) in
      try view.reader.idempotencyKeys(naming: customer, tenant: tenant)
    }
  }

  /// The services behind one that belonged to a customer some time and do not now; looks at a page of the history.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func formerServices(
    of customer: String, after service: Int64, tenant: Tenant
  ) async throws(ContextError) -> ServiceScan.Page {
    try await read(settled: true) { view throws(StoreError) in
      try view.formerServices(of: customer, after: service, tenant)
    }
  }
}
