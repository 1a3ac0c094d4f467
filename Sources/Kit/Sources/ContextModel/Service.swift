/// A commitment to a customer, folded from its events (API page *Service*). Extensions are kept apart.
public struct Service: Equatable, Sendable {
  /// Active until its end event.
  public enum Status: Int64, Sendable {
    /// Started and not ended.
    case active = 0
    /// Ended.
    case completed = 1

    /// The word for it in Redis and in paths.
    public var name: String { self == .active ? "active" : "completed" }
  }

  /// Made by the server.
  public let id: ServiceID
  /// Whose data it is.
  public let tenant: Tenant
  /// 1 at the start, one more with every accepted change. The service's `ETag`.
  public internal(set) var revision: Int64
  /// To whom it belongs; `nil` while anonymous.
  public internal(set) var customerID: String?
  /// Under what it is found while anonymous; kept after association.
  public internal(set) var contactKey: String?
  /// A business attribute.
  public var serviceType: AttributeValue?
  /// Seconds.
  public internal(set) var estimatedDuration: Int64?
  /// The start event; later associations replace its fields, never its timestamp.
  public var started: EventFields
  /// The end event.
  public var completed: EventFields?
  /// A business attribute.
  public var disposition: AttributeValue?
  /// At most 64 characters.
  public internal(set) var dispositionDescription: String?
  /// Until when it is kept, if an event said so.
  public internal(set) var expirationTime: Timestamp?
  /// After how many seconds without a change it is completed by itself, if its start event said so.
  public internal(set) var autoCompleteAfter: Int64?
  /// What must be known of it but is not shown.
  public var trail = ServiceTrail()

  /// When it started.
  public var startedAt: Timestamp { started.timestamp ?? Timestamp(milliseconds: 0) }

  /// Active or completed.
  public var status: Status {
    // `== nil` would copy the event, and compare it.
    if case .some = completed { .completed } else { .active }
  }

  /// How long it took, in milliseconds; `nil` while active.
  public var duration: Int64? {
    completed?.timestamp.map { $0.milliseconds - startedAt.milliseconds }
  }

  /// A service at its start.
  ///
  /// - Parameters:
  ///   - id: new.
  ///   - tenant: whose service it is.
  ///   - event: its customer and contact key are taken as given: that there is one of them is for the API to check. Its
  ///     timestamp must be set.
  public init(id: ServiceID, tenant: Tenant, starting event: Event) {
    self.id = id
    self.tenant = tenant
    revision = 1
    customerID = event.customerID
    contactKey = event.contactKey
    serviceType = event.type
    estimatedDuration = event.estimatedDuration
    started = event.fields
    expirationTime = event.expiration?.moment(from: startedAt)
    autoCompleteAfter = event.autoCompleteAfter
  }

  /// A service with nothing but its identity, for decoding.
  init(id: ServiceID, tenant: Tenant, revision: Int64) {
    self.id = id
    self.tenant = tenant
    self.revision = revision
    started = EventFields()
  }
}
