/// A state or a task: a part of a service, folded from its events (API pages *State*, *Task*). Extensions are kept
/// apart.
///
/// One type for both: a state knows the one before it, a task the state it stands in, and that is all the difference.
public struct ServicePart: Equatable, Sendable {
  /// Which of the two.
  public enum Kind: String, CaseIterable, Sendable {
    /// A phase of a service.
    case state
    /// Work inside a state, or directly inside a service.
    case task

    /// What its extensions hang on.
    public var owner: SchemaCatalog.Owner { self == .state ? .state : .task }
    /// The word at the start of a sentence.
    var noun: String { self == .state ? "State" : "Task" }
    /// The field that holds its number.
    public var idName: StaticString { self == .state ? "state_id" : "task_id" }
  }

  /// State or task.
  public let kind: Kind
  /// The service it is part of.
  public let service: ServiceID
  /// Made by the server; states and tasks are counted apart.
  public let id: PartID
  /// 1 at the start, one more with every accepted change. Its `ETag`.
  public internal(set) var revision: Int64
  /// A business attribute.
  public var type: AttributeValue?
  /// Seconds.
  public internal(set) var estimatedDuration: Int64?
  /// A state: the one before it.
  public internal(set) var previousStateID: PartID?
  /// A task: the state it stands in, if any.
  public internal(set) var stateID: PartID?
  /// The start event.
  public var started: EventFields
  /// The end event.
  public var completed: EventFields?
  /// A business attribute.
  public var disposition: AttributeValue?
  /// At most 64 characters.
  public internal(set) var dispositionDescription: String?

  /// When it started.
  public var startedAt: Timestamp { started.timestamp ?? Timestamp(milliseconds: 0) }

  /// Active or completed.
  public var status: Service.Status {
    // `== nil` would copy the event, and compare it.
    if case .some = completed { .completed } else { .active }
  }

  /// How long it took, in milliseconds; `nil` while active.
  public var duration: Int64? {
    completed?.timestamp.map { $0.milliseconds - startedAt.milliseconds }
  }

  /// A state or task at its start.
  ///
  /// - Parameters:
  ///   - kind: a state or a task.
  ///   - id: new in its service.
  ///   - service: whose part it is.
  ///   - event: its timestamp must be set. For a transition: its `to`.
  public init(_ kind: Kind, _ id: PartID, of service: ServiceID, starting event: Event) {
    self.init(kind, id, of: service, revision: 1)
    type = event.type
    estimatedDuration = event.estimatedDuration
    started = event.fields
    switch kind {
    case .state: previousStateID = event.kind == .transition ? event.stateID : event.previousStateID
    case .task: stateID = event.stateID
    }
  }

  /// One with nothing but its identity, for decoding.
  init(_ kind: Kind, _ id: PartID, of service: ServiceID, revision: Int64) {
    self.kind = kind
    self.id = id
    self.service = service
    self.revision = revision
    started = EventFields()
  }
}
