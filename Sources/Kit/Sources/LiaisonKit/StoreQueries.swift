public import ContextModel

/// What a stage may ask the store. Answers show all acknowledged changes. Asked while a call is handled: a query runs on
/// the call's loop.
public protocol StoreQueries: Sendable {
  /// A service as it is now; `nil` if the tenant has none of that id.
  ///
  /// - Throws: 503 if the store cannot be read.
  func service(
    _ id: ServiceID, tenant: Tenant, extensions: ExtensionSelection
  ) async throws(ContextError) -> ServiceRecord?

  /// A customer's profile as it is now; `nil` if there is none.
  ///
  /// - Throws: 503 if the store cannot be read.
  func profile(of customer: String, tenant: Tenant) async throws(ContextError) -> ProfileRecord?
}

/// For plugins that run without a store, as while a configuration is checked: every query is answered 503.
public struct NoStore: StoreQueries {
  /// No store.
  public init() {}

  /// - Throws: 503.
  public func service(
    _ id: ServiceID, tenant: Tenant, extensions: ExtensionSelection
  ) async throws(ContextError) -> ServiceRecord? { throw Self.unavailable }

  /// - Throws: 503.
  public func profile(of customer: String, tenant: Tenant) async throws(ContextError) -> ProfileRecord? {
    throw Self.unavailable
  }

  private static var unavailable: ContextError { .storeUnavailable("there is none") }
}
