public import JSON

/// What a client says about a service, a state or a task: it starts, belongs to somebody, ends. Events fold into
/// ``Service`` and ``ServicePart``.
public struct Event: Sendable {
  /// Which event it is; decides which fields it may carry.
  public enum Kind: String, CaseIterable, Sendable {
    /// Service Start Event.
    case start = "Service Start Event"
    /// The body of Associate Service: fields of the start event for update, and a disposition.
    case association = "Associate Service"
    /// Service End Event.
    case end = "Service End Event"
    /// The body of Update Expiration Time.
    case expiration = "Update Expiration Time"
    /// State Start Event.
    case stateStart = "State Start Event"
    /// State End Event.
    case stateEnd = "State End Event"
    /// State Transition Event. Its `from` is read into ``Event/stateID`` and the dispositions, its `to` into
    /// ``Event/type`` and ``Event/estimatedDuration``.
    case transition = "State Transition Event"
    /// Task Start Event.
    case taskStart = "Task Start Event"
    /// Task End Event.
    case taskEnd = "Task End Event"

    /// What kind of resource it is about; its extensions belong to that.
    public var owner: SchemaCatalog.Owner {
      switch self {
      case .start, .association, .end, .expiration: .service
      case .stateStart, .stateEnd, .transition: .state
      case .taskStart, .taskEnd: .task
      }
    }
  }

  /// Which event it is.
  public let kind: Kind
  /// The common event fields.
  public var fields = EventFields()
  /// Start: whose service it is. Association: if given, the customer of the path.
  public var customerID: String?
  /// Start: under what an anonymous service is found, 1…256 characters.
  public var contactKey: String?
  /// `service_type`, `state_type` or `task_type`: a business attribute.
  public var type: AttributeValue?
  /// Estimated duration in seconds, 0 or more.
  public var estimatedDuration: Int64?
  /// How it went: a business attribute.
  public var disposition: AttributeValue?
  /// The disposition in words, at most 64 characters.
  public var dispositionDescription: String?
  /// A task's events: the state it stands in. A transition: the state that ends.
  public var stateID: PartID?
  /// State Start Event: the state before this one.
  public var previousStateID: PartID?
  /// Until when the service is kept.
  public var expiration: Expiration?
  /// Service Start Event: after how many seconds without a change the service is completed by itself, 1 or more.
  public var autoCompleteAfter: Int64?
  /// The keys of the body that are no fields, in order. Names differ in more than case.
  public var extensions: [Extension] = []

  /// An event that says nothing.
  public init(_ kind: Kind = .start) { self.kind = kind }
}

/// How long a service is kept: `ttl` or `expiration_time` (API page *Update Expiration Time*).
public enum Expiration: Sendable, Equatable {
  /// So many seconds from the event, 1…``longest``.
  case seconds(Int64)
  /// Until then.
  case moment(Timestamp)

  /// The longest time to live: a thousand years of 365 days, in seconds.
  public static let longest: Int64 = 1000 * 365 * 86_400

  /// The moment, for an event of the moment `start`; the last one that can be written for any later one.
  public func moment(from start: Timestamp) -> Timestamp {
    switch self {
    case .seconds(let seconds):
      min(Timestamp(milliseconds: start.milliseconds + seconds * 1000), .latest)
    case .moment(let moment): moment
    }
  }
}

/// A named value attached to a service: one record (an object) or several (an array) under a schema, any JSON without.
public struct Extension: Sendable {
  /// The name; compared without case.
  public var name: String
  /// The value.
  public var value: JSONValue

  /// An extension by its parts.
  public init(name: String, value: JSONValue) {
    self.name = name
    self.value = value
  }
}
