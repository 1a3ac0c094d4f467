import Glibc

/// The fields of events and of the Service, State and Task resources, by their names in the API.
public enum EventField: UInt8, CaseIterable, Sendable {
  case timestamp, sessionID, interactionID, applicationType, applicationID, resourceType, resourceID,
    mediaType
  case serviceID, customerID, contactKey, serviceType, estimatedDuration, disposition, dispositionDescription
  case stateID, taskID, stateType, taskType, previousStateID, timeToLive, expirationTime, autoCompleteAfter
  case from, to
  // Of the resource alone: no event may carry them, and no extension may bear their names.
  case started, completed, duration, activeStates, completedStates, activeTasks, completedTasks

  /// The name in the API.
  public var name: StaticString {
    switch self {
    case .timestamp: "timestamp"
    case .sessionID: "session_id"
    case .interactionID: "interaction_id"
    case .applicationType: "application_type"
    case .applicationID: "application_id"
    case .resourceType: "resource_type"
    case .resourceID: "resource_id"
    case .mediaType: "media_type"
    case .serviceID: "service_id"
    case .customerID: "customer_id"
    case .contactKey: "contact_key"
    case .serviceType: "service_type"
    case .estimatedDuration: "est_duration"
    case .disposition: "disposition"
    case .dispositionDescription: "disposition_desc"
    case .stateID: "state_id"
    case .taskID: "task_id"
    case .stateType: "state_type"
    case .taskType: "task_type"
    case .previousStateID: "previous_state_id"
    case .timeToLive: "ttl"
    case .expirationTime: "expiration_time"
    case .autoCompleteAfter: "auto_complete_after"
    case .from: "from"
    case .to: "to"
    case .started: "started"
    case .completed: "completed"
    case .duration: "duration"
    case .activeStates: "active_states"
    case .completedStates: "completed_states"
    case .activeTasks: "active_tasks"
    case .completedTasks: "completed_tasks"
    }
  }

  /// Whether an event of that kind may carry the field.
  public func isAllowed(in kind: Event.Kind) -> Bool {
    switch self {
    case .timestamp, .sessionID, .interactionID, .applicationType, .applicationID, .resourceType, .resourceID,
      .mediaType:
      kind != .expiration
    case .serviceID: kind != .start
    case .customerID: kind == .start || kind == .association
    case .contactKey, .autoCompleteAfter: kind == .start
    case .serviceType: kind == .start || kind == .association
    case .stateType, .previousStateID: kind == .stateStart
    case .taskType: kind == .taskStart
    case .estimatedDuration:
      kind == .start || kind == .association || kind == .stateStart || kind == .taskStart
    case .disposition, .dispositionDescription:
      kind == .association || kind == .end || kind == .stateEnd || kind == .taskEnd
    case .stateID: kind == .stateEnd || kind == .taskStart || kind == .taskEnd
    case .taskID: kind == .taskEnd
    case .timeToLive, .expirationTime: kind == .start || kind == .end || kind == .expiration
    case .from, .to: kind == .transition
    case .started, .completed, .duration, .activeStates, .completedStates, .activeTasks, .completedTasks:
      false
    }
  }

  /// The fields by the length of their names: a look-up compares a handful of candidates at most.
  private static let byLength: [[EventField]] = {
    let longest = allCases.map(\.name.utf8CodeUnitCount).max() ?? 0
    return (0...longest).map { length in allCases.filter { $0.name.utf8CodeUnitCount == length } }
  }()

  /// The field of that name, compared exactly.
  public init?(name: UnsafeBufferPointer<UInt8>) {
    guard name.count < Self.byLength.count else { return nil }
    for candidate in Self.byLength[name.count]
    where memcmp(candidate.name.utf8Start, name.baseAddress!, name.count) == 0 {
      self = candidate
      return
    }
    return nil
  }
}
