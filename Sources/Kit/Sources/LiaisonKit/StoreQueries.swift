public import ContextModel

/// What a plugin may ask the store. Answers show all acknowledged changes. Any task; cheapest while a call is handled, on
/// its loop.
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
public struct NoStore: StoreQueries, MappingQueries {
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

  /// - Throws: 503.
  public func mapping(of service: ServiceID, tenant: Tenant) async throws(ContextError) -> ServiceMapping? {
    throw Self.unavailable
  }

  private static var unavailable: ContextError { .storeUnavailable("there is none") }
}
