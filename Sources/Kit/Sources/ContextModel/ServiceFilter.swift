/// Which services, states or tasks a list shows (API pages *Query Services*, *Query Anonymous Services*, *Query States*,
/// *Query Tasks*).
public struct ServiceFilter: Sendable, Equatable {
  /// Only active or only completed ones; `nil` for both.
  public var status: Service.Status?
  /// Started then or later.
  public var startedFrom: Timestamp?
  /// Started before then.
  public var startedTo: Timestamp?
  /// Of one of these types; empty for any.
  public var types: [AttributeValue]
  /// Tasks of one of these states; empty for any.
  public var states: [PartID] = []
  /// At most so many; `nil` for all.
  public var limit: Int?
  /// Those behind the one of that number, in the order of the list; `nil` for all from the first.
  public var after: Int64?

  /// A filter that lets everything through.
  public init(
    status: Service.Status? = nil, startedFrom: Timestamp? = nil, startedTo: Timestamp? = nil,
    types: [AttributeValue] = []
  ) {
    self.status = status
    self.startedFrom = startedFrom
    self.startedTo = startedTo
    self.types = types
  }

  /// Whether a service is wanted.
  public func lets(_ service: Service) -> Bool {
    if let status, service.status != status { return false }
    if let startedFrom, service.startedAt < startedFrom { return false }
    if let startedTo, service.startedAt >= startedTo { return false }
    return types.isEmpty || service.serviceType.map(types.contains) ?? false
  }
}

/// Which extensions a query wants to see: the parameter `extensions`.
public enum ExtensionSelection: Sendable, Equatable {
  /// None: the default.
  case none
  /// `*`
  case all
  /// These; compared without case.
  case named([String])

  /// Whether an extension of that name is wanted.
  public func wants(_ name: String) -> Bool {
    switch self {
    case .none: false
    case .all: true
    case .named(let names): names.contains { $0.lowercased() == name.lowercased() }
    }
  }
}

/// What a query wants to see inside services or states, and the extensions of that.
public struct PartSelection: Sendable, Equatable {
  /// `active_states`.
  public var activeStates = false
  /// `completed_states`.
  public var completedStates = false
  /// `active_tasks`.
  public var activeTasks = false
  /// `completed_tasks`.
  public var completedTasks = false
  /// Extensions of the states that are shown.
  public var stateExtensions = ExtensionSelection.none
  /// Extensions of the tasks that are shown.
  public var taskExtensions = ExtensionSelection.none

  /// Nothing.
  public init() {}

  /// The lists that are wanted, in the order of the documentation.
  public var lists: [(name: String, kind: ServicePart.Kind, status: Service.Status)] {
    var lists: [(name: String, kind: ServicePart.Kind, status: Service.Status)] = []
    if activeStates { lists.append(("active_states", .state, .active)) }
    if completedStates { lists.append(("completed_states", .state, .completed)) }
    if activeTasks { lists.append(("active_tasks", .task, .active)) }
    if completedTasks { lists.append(("completed_tasks", .task, .completed)) }
    return lists
  }
}
