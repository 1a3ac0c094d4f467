public import ContextModel

/// What Redis keeps of a service. The entry's form is documented and stable: other back ends may read it.
public struct CachedService: Sendable, Equatable {
  /// The service.
  public var service: ServiceID
  /// Whose it is; an entry of another tenant is a miss.
  public var tenant: Tenant
  /// Of two states of one service the one with the greater revision is the newer one.
  public var revision: Int64
  /// `nil` while anonymous.
  public var customer: String?
  /// Whether it is completed. If neither this nor `isDeleted`, it is active.
  public var isCompleted: Bool
  /// Whether the service is gone: what stands in Redis then says so, and nothing else of it.
  public private(set) var isDeleted = false
  /// The service as the API shows it, without extensions. Any bytes.
  public var document: [UInt8]

  /// What Redis keeps, by its parts.
  public init(
    service: ServiceID, tenant: Tenant, revision: Int64, customer: String?, isCompleted: Bool,
    document: [UInt8]
  ) {
    self.service = service
    self.tenant = tenant
    self.revision = revision
    self.customer = customer
    self.isCompleted = isCompleted
    self.document = document
  }

  /// What Redis keeps of a service that is gone: newer than anything that was ever known of it, and of no tenant, so
  /// that readers find nothing. Its id is never given out again.
  public static func deleted(_ id: ServiceID) -> CachedService {
    var service = CachedService(
      service: id, tenant: Tenant(rawValue: 0), revision: ServiceID.maximum, customer: nil,
      isCompleted: false,
      document: [])
    service.isDeleted = true
    return service
  }
}
