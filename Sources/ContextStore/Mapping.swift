public import ContextModel

/// Whose a service is, at one of its revisions: exactly what the mapping cache keeps of it.
public struct Mapping: Sendable, Equatable {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// The service's revision; of two mappings of one service the one with the greater revision is the newer one.
  public var revision: Int64
  /// `nil` while anonymous.
  public var customer: String?
  /// Active or completed.
  public var status: Service.Status
  /// The service as the API shows it, without extensions, see `Service.document`.
  public var document: [UInt8]

  /// A mapping by its parts.
  public init(
    tenant: Tenant, service: ServiceID, revision: Int64, customer: String?, status: Service.Status,
    document: [UInt8]
  ) {
    self.tenant = tenant
    self.service = service
    self.revision = revision
    self.customer = customer
    self.status = status
    self.document = document
  }

  /// The mapping of a service as it is now.
  public init(of service: Service) {
    self.init(of: service, document: service.document)
  }

  /// The mapping of a service whose document is at hand.
  init(of service: Service, document: [UInt8]) {
    self.init(
      tenant: service.tenant, service: service.id, revision: service.revision, customer: service.customerID,
      status: service.status, document: document)
  }
}
