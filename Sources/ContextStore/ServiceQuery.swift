import CXXHash
public import ContextModel

/// Which services a list shows. The list is ordered by start, then by id.
public struct ServiceQuery: Sendable {
  /// Under what services are found.
  public enum Owner: Sendable, Equatable {
    /// The services of a customer.
    case customer(String)
    /// The services that were started under a contact key and have no customer yet.
    case contactKey(String)

    /// Under what a service is found; `nil` for one that has neither customer nor contact key.
    init?(of service: Service) {
      if let customer = service.customerID {
        self = .customer(customer)
      } else if let key = service.contactKey {
        self = .contactKey(key)
      } else {
        return nil
      }
    }

    /// A number that stands for the owner in the journal: the same in every process, different for different owners
    /// but for rare accidents.
    func hash(_ tenant: Tenant) -> UInt64 {
      var (text, kind): (String, UInt64) =
        switch self {
        case .customer(let customer): (customer, 0)
        case .contactKey(let key): (key, 1)
        }
      let seed = UInt64(bitPattern: tenant.rawValue) << 1 | kind
      return text.withUTF8 { cxxhash_64($0.baseAddress, $0.count, seed) }
    }

    /// Whether a service is found under it.
    public func has(_ service: Service) -> Bool {
      switch self {
      case .customer(let customer): service.customerID.hasBytes(of: customer)
      case .contactKey(let key): service.customerID == nil && service.contactKey.hasBytes(of: key)
      }
    }
  }

  /// A place in the order of a list.
  public struct Place: Sendable, Comparable {
    /// When the service has started that stands there, or has stood there.
    public var startedAt: Timestamp
    /// The service's id; 0 for the place before all that start then.
    public var id: Int64

    /// A place by its parts.
    public init(startedAt: Timestamp, id: Int64) {
      self.startedAt = startedAt
      self.id = id
    }

    /// Where a service stands, as long as there is one of its id.
    public init(of service: Service) { self.init(startedAt: service.startedAt, id: service.id.rawValue) }

    /// The order of lists.
    public static func < (one: Place, other: Place) -> Bool {
      (one.startedAt, one.id) < (other.startedAt, other.id)
    }
  }

  /// Whose data is searched.
  public var tenant: Tenant
  /// Whose services.
  public var owner: Owner
  /// Which of them; `after` does not count, see ``behind``.
  public var filter: ServiceFilter
  /// Those behind this place of the list; `nil` for all from the first.
  public var behind: Place?
  /// The extensions to show with each.
  public var extensions: ExtensionSelection
  /// The states and tasks to show in each; `nil` for none.
  public var parts: PartSelection?

  /// A query by its parts; all services of the owner without extensions, if nothing else is said.
  public init(
    tenant: Tenant, owner: Owner, filter: ServiceFilter = ServiceFilter(),
    extensions: ExtensionSelection = .none, parts: PartSelection? = nil
  ) {
    self.tenant = tenant
    self.owner = owner
    self.filter = filter
    self.extensions = extensions
    self.parts = parts
  }

  /// Behind what the list begins, with the start that the filter asks for.
  var beginning: Place {
    let first = Place(startedAt: filter.startedFrom ?? Timestamp(milliseconds: .min), id: 0)
    return behind.map { max($0, first) } ?? first
  }

  /// Whether the list shows a service of the tenant.
  func wants(_ service: Service) -> Bool {
    owner.has(service) && filter.lets(service) && Place(of: service) > beginning
  }
}
