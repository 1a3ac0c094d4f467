public import ContextModel

/// The hot mappings from services to customers, as the mapping cache has them. Any task.
public protocol MappingQueries: Sendable {
  /// To whom a service belongs now, from Redis if it is there and believed, else from the store, which Redis then learns;
  /// `nil` if the tenant has no such service.
  ///
  /// - Throws: 503 if neither can be read.
  func mapping(of service: ServiceID, tenant: Tenant) async throws(ContextError) -> ServiceMapping?
}

/// To whom a service belongs.
public struct ServiceMapping: Sendable, Equatable {
  /// The service.
  public let service: ServiceID
  /// `nil` while anonymous.
  public let customer: String?
  /// Active or completed.
  public let status: Service.Status
  /// The service's revision.
  public let revision: Int64
  /// The service as the API shows it, without extensions: JSON.
  public let document: [UInt8]
  /// Whether Redis had it.
  public let isCached: Bool

  /// A mapping by its parts.
  public init(
    service: ServiceID, customer: String?, status: Service.Status, revision: Int64, document: [UInt8],
    isCached: Bool
  ) {
    self.service = service
    self.customer = customer
    self.status = status
    self.revision = revision
    self.document = document
    self.isCached = isCached
  }
}
