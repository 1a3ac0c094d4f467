/// The query parameters of the API.
public enum QueryParameter: String, Sendable, CaseIterable {
  /// Names of extensions to show.
  case extensions
  /// Services that started then or later.
  case startedFrom = "started_from"
  /// Services that started before then.
  case startedTo = "started_to"
  /// Services of these types.
  case serviceTypes = "service_types"
  /// States of these types.
  case stateTypes = "state_types"
  /// Tasks of these types.
  case taskTypes = "task_types"
  /// Tasks of these states.
  case stateID = "state_id"
  /// At most so many.
  case limit
  /// Those behind the one with this id, or with this start and id.
  case after
  /// Whether to show active states.
  case activeStates = "active_states"
  /// Whether to show completed states.
  case completedStates = "completed_states"
  /// Whether to show active tasks.
  case activeTasks = "active_tasks"
  /// Whether to show completed tasks.
  case completedTasks = "completed_tasks"
  /// The identification key to search by.
  case identificationKey = "id_key"
  /// Whether profiles are shown instead of ids: `yes` or `no`.
  case includeProfile = "include_profile"
  /// Whether extensions are shown `always`, or only of a customer that is `unique`.
  case includeExtensions = "include_extensions"
  /// Services with an event then or later.
  case timeFrom = "time_from"
  /// Services with an event before then.
  case timeTo = "time_to"
  /// Which events lie in the span: `any`, `started`, `completed`.
  case filterEvents = "filter_events"
  /// Which services: `any`, `active`, `inactive`.
  case filterState = "filter_state"
  /// Whether services are exported instead of their ids.
  case exportContent = "export_content"
  /// Business attributes that a field is mapped to.
  case cvAttribute = "cv-attribute"

  /// Whether its value is a date and time.
  var isDate: Bool { [.startedFrom, .startedTo, .timeFrom, .timeTo].contains(self) }

  /// What a query may ask to be shown inside a service.
  static let includes: [QueryParameter] = [.activeStates, .completedStates, .activeTasks, .completedTasks]
  /// What a list of services knows.
  static let lists = includes + [.extensions, .startedFrom, .startedTo, .serviceTypes, .limit, .after]
  /// What a list of states knows.
  static let states: [QueryParameter] = [
    .stateTypes, .activeTasks, .completedTasks, .extensions, .limit, .after,
  ]
  /// What a list of tasks knows.
  static let tasks: [QueryParameter] = [.taskTypes, .stateID, .extensions, .limit, .after]
}
