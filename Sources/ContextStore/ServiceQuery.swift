public import ContextModel

/// Which services a list shows. The list is ordered by start, then by id.
public struct ServiceQuery: Sendable {
  /// Under what services are found.
  public enum Owner: Sendable, Equatable {
    /// The services of a customer.
    case customer(String)
    /// The services that were started under a contact key and have no customer yet.
    case contactKey(String)

    /// Whether a service is found under it.
    func has(_ service: Service) -> Bool {
      switch self {
      case .customer(let customer): service.customerID == customer
      case .contactKey(let key): service.customerID == nil && service.contactKey == key
      }
    }
  }

  /// Whose data is searched.
  public var tenant: Tenant
  /// Whose services.
  public var owner: Owner
  /// Which of them.
  public var filter: ServiceFilter
  /// The extensions to show with each.
  public var extensions: ExtensionSelection

  /// A query by its parts; all services of the owner without extensions, if nothing else is said.
  public init(
    tenant: Tenant, owner: Owner, filter: ServiceFilter = ServiceFilter(),
    extensions: ExtensionSelection = .none
  ) {
    self.tenant = tenant
    self.owner = owner
    self.filter = filter
    self.extensions = extensions
  }
}
