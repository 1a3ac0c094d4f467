import ContextModel

extension OpenAPIDocument {
  /// The schemas of bodies and answers.
  static let schemas: [(String, JSONNode)] =
    Event.Kind.allCases.map { ($0.schemaName, event($0)) } + [
      ("Service", resource(.service)), ("State", resource(.state)), ("Task", resource(.task)),
      ("EventFields", eventFields),
      (
        "Association",
        object(
          [
            ("customer_id", text), ("since", date), ("interaction_id", text), ("principal", text),
          ], required: ["customer_id", "since"], isOpen: false)
      ),
      ("AssociationItem", event(.association, requires: ["service_id", "customer_id"])),
      (
        "ItemResult",
        object(
          [
            ("status", ["type": "integer"]), ("code", text), ("message", text), ("field", text),
            ("value", [:]),
            ("allowed", ["type": "array", "items": text]),
          ], required: ["status"], isOpen: false)
      ),
      (
        "Profile",
        object(
          [("customer_id", ["type": "string"])], required: ["customer_id"], isOpen: true)
      ),
      (
        "ProfileBody",
        object([("customer_id", ["type": "string", "minLength": 1])], required: [], isOpen: true)
      ),
      ("ServiceReference", object([("service_id", identifier)], required: ["service_id"], isOpen: false)),
      ("StateReference", object([("state_id", part)], required: ["state_id"], isOpen: false)),
      ("TaskReference", object([("task_id", part)], required: ["task_id"], isOpen: false)),
      ("CustomerReference", object([("customer_id", text)], required: ["customer_id"], isOpen: false)),
      ("NameReference", object([("name", text)], required: ["name"], isOpen: false)),
      ("ExtensionSchema", extensionSchema), ("AttributeSchema", attributeSchema),
      (
        "IdentificationKey",
        object(
          [
            ("name", name), ("source", name),
            ("attributes", ["type": "array", "items": text, "minItems": 1, "maxItems": 16]),
            ("unique", ["type": "boolean"]),
          ], required: ["name", "attributes"], isOpen: false)
      ),
      (
        "Interaction",
        object(
          [
            ("external_id", text), ("established_date", date), ("media_type", attributeValue),
            ("services", ["type": "array", "items": identifier]),
          ], required: ["external_id", "services"], isOpen: false)
      ),
      (
        "PurgeRequest",
        object(
          [("limit", date), ("operation", words(PurgeRequest.Operation.self))],
          required: ["limit", "operation"],
          isOpen: false)
      ),
      (
        "ExportRequest",
        object(
          [
            ("time_from", date), ("time_to", date), ("filter_events", words(ExportQuery.Events.self)),
            ("filter_state", words(ExportQuery.Activity.self)), ("format", words(ExportQuery.Format.self)),
          ], required: ["time_from"], isOpen: false)
      ),
      (
        "ServerMode",
        object(
          [("mode", ["type": "string", "enum": ["production", "maintenance"]])], required: ["mode"],
          isOpen: false)
      ),
      (
        "MergeOptions",
        object(
          [("keep_uniq_from_src", ["type": "boolean"]), ("keep_active_service_only", ["type": "boolean"])],
          required: [], isOpen: false)
      ),
      (
        "BusinessAttribute",
        object(
          [("name", text), ("dbid", ["type": "integer", "format": "int64"])], required: ["name", "dbid"],
          isOpen: true)
      ),
      ("Error", error),
    ]

  private static func words<Words: CaseIterable & RawRepresentable>(_ type: Words.Type) -> JSONNode
  where Words.RawValue == String {
    ["type": "string", "enum": .array(type.allCases.map { .string($0.rawValue) })]
  }

  static func object(_ properties: [(String, JSONNode)], required: [String], isOpen: Bool) -> JSONNode {
    var members: [(String, JSONNode)] = [("type", "object"), ("properties", .object(properties))]
    if !required.isEmpty { members.append(("required", .array(required.map { .string($0) }))) }
    members.append(("additionalProperties", .bool(isOpen)))
    return .object(members)
  }

  private static let text: JSONNode = ["type": "string"]
  private static let date: JSONNode = ["type": "string", "format": "date-time"]
  private static let identifier: JSONNode = [
    "type": "integer", "format": "int64", "minimum": 1, "maximum": .integer(ServiceID.maximum),
  ]
  private static let part: JSONNode = [
    "type": "integer", "format": "int32", "minimum": 1, "maximum": 2_147_483_647,
  ]
  private static let attributeValue: JSONNode = [
    "anyOf": [
      ["type": "integer", "format": "int64", "minimum": .integer(.min), "maximum": .integer(.max)],
      ["type": "string", "minLength": 1, "maxLength": .integer(Int64(AttributeValue.longestName))],
    ]
  ]
  private static let long: JSONNode = [
    "type": "integer", "format": "int64", "minimum": .integer(.min), "maximum": .integer(.max),
  ]
  private static let seconds: JSONNode = [
    "type": "integer", "format": "int64", "minimum": 1, "maximum": .integer(Expiration.longest),
  ]
  private static let name: JSONNode = [
    "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$", "maxLength": 26,
  ]

  private static func schema(of field: EventField) -> JSONNode {
    switch field {
    case .timestamp, .expirationTime: date
    case .sessionID: ["type": "string", "minLength": 1, "maxLength": 32]
    case .interactionID: ["type": "string", "minLength": 1, "maxLength": 50]
    case .applicationType, .resourceType, .mediaType, .serviceType, .stateType, .taskType, .disposition:
      attributeValue
    case .applicationID, .resourceID: long
    case .serviceID: identifier
    case .stateID, .taskID, .previousStateID: part
    case .customerID: ["type": "string", "minLength": 1]
    case .contactKey: ["type": "string", "minLength": 1, "maxLength": 256]
    case .estimatedDuration:
      ["type": "integer", "format": "int64", "minimum": 0, "maximum": .integer(ServiceID.maximum)]
    case .dispositionDescription: ["type": "string", "maxLength": 64]
    case .timeToLive, .autoCompleteAfter: seconds
    case .from:
      object(
        [
          ("state_id", part), ("disposition", attributeValue),
          ("disposition_desc", schema(of: .dispositionDescription)),
        ], required: ["state_id"], isOpen: false)
    case .to:
      object(
        [("state_type", attributeValue), ("est_duration", schema(of: .estimatedDuration))], required: [],
        isOpen: false)
    case .started, .completed: .reference("schemas/EventFields")
    case .duration: ["type": "integer", "format": "int64"]
    case .activeStates, .completedStates: ["type": "array", "items": .reference("schemas/State")]
    case .activeTasks, .completedTasks: ["type": "array", "items": .reference("schemas/Task")]
    }
  }

  private static func properties(_ fields: [EventField]) -> [(String, JSONNode)] {
    fields.map { ("\($0.name)", schema(of: $0)) }
  }

  private static func event(_ kind: Event.Kind, requires: [String] = []) -> JSONNode {
    let required = kind == .transition ? ["from", "to"] : requires
    let fields = properties(EventField.allCases.filter { $0.isAllowed(in: kind) })
    return object(fields, required: required, isOpen: kind != .expiration)
  }

  private static let eventFields = object(
    properties([
      .timestamp, .sessionID, .interactionID, .applicationType, .applicationID, .resourceType, .resourceID,
      .mediaType, .contactKey,
    ]), required: ["timestamp"], isOpen: false)

  private static func resource(_ owner: SchemaCatalog.Owner) -> JSONNode {
    let own: [EventField]
    let required: [String]
    switch owner {
    case .service, .profile:
      own = [
        .serviceType, .expirationTime, .autoCompleteAfter, .activeStates, .completedStates, .activeTasks,
        .completedTasks,
      ]
      required = ["service_id", "started"]
    case .state:
      own = [.stateID, .stateType, .previousStateID, .activeTasks, .completedTasks]
      required = ["state_id", "started"]
    case .task:
      own = [.taskID, .stateID, .taskType]
      required = ["task_id", "started"]
    }
    let common: [EventField] = [
      .serviceID, .customerID, .estimatedDuration, .started, .completed, .duration, .disposition,
      .dispositionDescription,
    ]
    return object(properties(common + own), required: required, isOpen: true)
  }

  private static let extensionSchema = object(
    [
      ("name", name),
      (
        "type",
        [
          "type": "string",
          "enum": .array(ExtensionSchema.Multiplicity.allCases.map { .string($0.rawValue) }),
        ]
      ),
      (
        "attributes",
        [
          "type": "array", "items": .reference("schemas/AttributeSchema"),
          "maxItems": .integer(Int64(ExtensionSchema.mostAttributes)),
        ]
      ),
      ("unique", ["type": "array", "items": text]),
    ], required: ["name", "type"], isOpen: false)

  private static let attributeSchema = object(
    [
      ("name", ["type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$", "maxLength": 64]),
      (
        "type",
        ["type": "string", "enum": .array(AttributeSchema.ValueType.allCases.map { .string($0.rawValue) })]
      ),
      (
        "length",
        ["type": "integer", "minimum": 0, "maximum": .integer(Int64(AttributeSchema.longestString))]
      ),
      ("default", [:]), ("mandatory", ["type": "boolean"]), ("unique", ["type": "boolean"]),
      ("encrypt", ["type": "boolean"]),
    ], required: ["name", "type"], isOpen: false)

  private static let error = object(
    [
      ("http_method", text), ("code", text), ("message", text), ("field", text), ("value", [:]),
      ("allowed", ["type": "array", "items": text]), ("exception", text),
    ], required: ["http_method", "code", "message"], isOpen: false)
}
