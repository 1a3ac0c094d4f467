import ContextModel
import LiaisonKit

extension OperationRow {
  /// The operation's name in the documentation, with what this row is of it.
  var title: String {
    let words = operation.rawValue.split(separator: "-").map {
      $0 == "id" ? "ID" : $0 == "by" ? "by" : $0.prefix(1).uppercased() + $0.dropFirst()
    }
    let variant: String =
      switch status {
      case .active: ", Active"
      case .completed: ", Completed"
      case nil where operation == .queryInteractionContent:
        ", " + (path.split(separator: "/").last?.split(separator: "_").joined(separator: " ") ?? "")
      case nil: variesByName && path.hasSuffix("{name}") ? " by Name" : ""
      }
    return words.joined(separator: " ") + variant
  }

  /// Unique among the rows: what generators name their functions after.
  var identifier: String {
    let words = title.filter { $0.isLetter || $0 == " " }.split(separator: " ").map {
      $0.prefix(1).uppercased() + $0.dropFirst()
    }
    let joined = words.joined()
    return joined.prefix(1).lowercased() + joined.dropFirst()
  }

  private var variesByName: Bool {
    OperationTable.rows.contains {
      $0.operation == operation && $0.method == method && !$0.path.hasSuffix("{name}")
    }
  }

  /// What the operation is listed under.
  var tag: String {
    switch path.split(separator: "/").first {
    case "metadata": "Metadata"
    case "profiles": "Profiles"
    case "server", "maintenance": "Server"
    case "interactions": "Interactions"
    default:
      switch resource {
      case .service: path.hasSuffix("/data") ? "Customers" : "Services"
      case .state: "States"
      case .task: "Tasks"
      case .profile: "Profiles"
      }
    }
  }

  /// The schema of the body; `nil` for none.
  var bodySchema: JSONNode? {
    switch body {
    case .none: nil
    case .event(let kind): .reference("schemas/\(kind.schemaName)")
    case .schema: .reference("schemas/ExtensionSchema")
    case .value: [:]
    case .profile: .reference("schemas/ProfileBody")
    case .associations: ["type": "array", "items": .reference("schemas/AssociationItem")]
    case .profileExtensions: ["type": "object", "additionalProperties": true]
    case .object:
      switch operation {
      case .createIdentificationKey: .reference("schemas/IdentificationKey")
      case .mergeProfiles: .reference("schemas/MergeOptions")
      case .purgeServices: .reference("schemas/PurgeRequest")
      case .exportServicesFiles: .reference("schemas/ExportRequest")
      case .setServerMode: .reference("schemas/ServerMode")
      default: ["type": "object", "additionalProperties": true]
      }
    }
  }

  /// The schema of a successful answer; `nil` for an empty one.
  var answerSchema: JSONNode? {
    func array(_ name: String) -> JSONNode { ["type": "array", "items": .reference("schemas/\(name)")] }
    let isOne = path.hasSuffix("{name}")
    switch operation {
    case .startService: return .reference("schemas/ServiceReference")
    case .associateServices: return array("ItemResult")
    case .startState, .performStateTransition: return .reference("schemas/StateReference")
    case .startTask: return .reference("schemas/TaskReference")
    case .createProfile: return .reference("schemas/CustomerReference")
    case .queryService: return .reference("schemas/Service")
    case .queryCustomerServices, .queryAnonymousServices: return array("Service")
    case .queryAssociations: return array("Association")
    case .queryInteraction: return .reference("schemas/Interaction")
    case .queryCustomerInteractions, .queryServiceInteractions: return array("Interaction")
    case .queryState: return .reference("schemas/State")
    case .queryStates: return array("State")
    case .queryTask: return .reference("schemas/Task")
    case .queryTasks: return array("Task")
    case .queryProfile: return .reference("schemas/Profile")
    case .identifyCustomer: return array("Profile")
    case .createServiceExtensionSchema, .createStateExtensionSchema, .createTaskExtensionSchema,
      .createProfileExtensionSchema, .createIdentificationKey:
      return .reference("schemas/NameReference")
    case .queryServiceExtensionSchema, .queryStateExtensionSchema, .queryTaskExtensionSchema,
      .queryProfileExtensionSchema:
      return isOne ? .reference("schemas/ExtensionSchema") : array("ExtensionSchema")
    case .queryIdentificationKeys:
      return isOne ? .reference("schemas/IdentificationKey") : array("IdentificationKey")
    case .queryBusinessAttributeSchema:
      // One by its name or by a field, else all.
      return isOne
        ? .reference("schemas/BusinessAttribute")
        : ["anyOf": [array("BusinessAttribute"), .reference("schemas/BusinessAttribute")]]
    case .exportServicesStream:
      return ["type": "array", "items": ["anyOf": [["type": "string"], .reference("schemas/Service")]]]
    case .importProfiles, .queryImport, .exportCustomer, .eraseCustomer, .purgeServices, .exportServicesFiles,
      .setServerMode, .serverStatus,
      .queryMetadata, .queryProfileSchema:
      return ["type": "object", "additionalProperties": true]
    case .associateService, .completeService, .deleteService, .updateExpirationTime, .updateServiceExtension,
      .mergeServiceExtension, .completeState, .updateStateExtension, .mergeStateExtension, .completeTask,
      .updateTaskExtension, .mergeTaskExtension, .updateProfile, .deleteProfile, .mergeProfiles,
      .insertProfileExtensions, .updateProfileRecord, .deleteProfileRecord, .deleteProfileExtensionSchema,
      .deleteIdentificationKey, .queryInteractionContent:
      return nil
    }
  }
}

extension Event.Kind {
  /// The name of the body's schema.
  var schemaName: String {
    switch self {
    case .start: "ServiceStartEvent"
    case .association: "AssociateServiceBody"
    case .end: "ServiceEndEvent"
    case .expiration: "ExpirationTime"
    case .stateStart: "StateStartEvent"
    case .stateEnd: "StateEndEvent"
    case .transition: "StateTransitionEvent"
    case .taskStart: "TaskStartEvent"
    case .taskEnd: "TaskEndEvent"
    }
  }
}

extension QueryParameter {
  /// The parameter's description in an operation.
  func node(in row: OperationRow) -> JSONNode {
    let schema: JSONNode =
      switch self {
      case .extensions, .serviceTypes, .stateTypes, .taskTypes, .stateID, .identificationKey, .cvAttribute:
        ["type": "string", "minLength": 1]
      case .startedFrom, .startedTo: ["type": "string", "format": "date-time"]
      case .activeStates, .completedStates, .activeTasks, .completedTasks:
        ["type": "boolean", "default": false]
      case .timeFrom, .timeTo: ["type": "string", "format": "date-time"]
      case .filterEvents: ["type": "string", "enum": ["any", "started", "completed"], "default": "any"]
      case .filterState: ["type": "string", "enum": ["any", "active", "inactive"], "default": "any"]
      case .exportContent: ["type": "boolean", "default": false]
      case .limit: ["type": "integer", "minimum": 1, "maximum": .integer(Int64(QueryDecoder.longestPage))]
      case .after where row.listsInteractions: ["type": "string", "minLength": 1]
      case .after:
        row.resource == .service ? ["anyOf": [Self.id, ["type": "string"]]] : Self.id
      case .includeProfile: ["type": "string", "enum": ["yes", "no"], "default": "no"]
      case .includeExtensions: ["type": "string", "enum": ["always", "unique"], "default": "always"]
      }
    return [
      "name": .string(rawValue), "in": "query", "required": .bool(self == .timeFrom), "schema": schema,
      "description": .string(meaning(in: row)),
    ]
  }

  private static let id: JSONNode = [
    "type": "integer", "format": "int64", "minimum": 1, "maximum": .integer(ServiceID.maximum),
  ]

  private func meaning(in row: OperationRow) -> String {
    switch self {
    case .extensions:
      "Names of extensions to show, separated by commas; State.x and Task.x name those of states and tasks, * all"
    case .startedFrom: "Started then or later"
    case .startedTo: "Started before then"
    case .serviceTypes, .stateTypes, .taskTypes: "Of one of these types: DB ids or names, separated by commas"
    case .stateID: "In one of these states, separated by commas"
    case .timeFrom: "Services with an event then or later"
    case .timeTo: "Services with an event before then; now, if it is not given"
    case .filterEvents: "Which events lie in that time"
    case .filterState: "Which services"
    case .exportContent: "Services instead of their ids"
    case .limit: "At most so many"
    case .after:
      "Those behind the one with this id, in the order of the list"
        + (row.resource == .service && !row.listsInteractions
          ? "; with its start before the id, as in 2031-04-09T07:45:10.250Z,7, also if it is gone" : "")
    case .activeStates: "Show active states"
    case .completedStates: "Show completed states"
    case .activeTasks: "Show active tasks"
    case .completedTasks: "Show completed tasks"
    case .identificationKey: "The identification key to search by"
    case .includeProfile: "Show profiles instead of ids"
    case .includeExtensions: "Show extensions always, or only of a customer that is unique"
    case .cvAttribute: "A field that is mapped to the attribute, as Service.media_type"
    }
  }
}
