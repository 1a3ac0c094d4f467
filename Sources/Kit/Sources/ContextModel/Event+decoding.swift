public import JSON

extension Event {
  /// Reads an event's body: fields are checked for type, length and range; every other key becomes an extension.
  ///
  /// - Parameters:
  ///   - body: the body's object.
  ///   - kind: decides which fields are allowed.
  ///   - service: the service of the path, which a `service_id` in the body must equal.
  ///   - part: the state or task of the path, which a `state_id` or `task_id` in the body must equal.
  ///   - customer: the customer of the path, which a `customer_id` in the body must equal.
  ///   - longestCustomerID: in characters.
  /// - Throws: a 400 that names the field, what was sent and what is allowed.
  public init(
    decoding body: JSONValue, as kind: Kind, service: ServiceID? = nil, part: PartID? = nil,
    customer: String? = nil, longestCustomerID: Int = 64
  ) throws(ContextError) {
    self.init(kind)
    guard body.kind == .object else { throw .bodyNotObject(body) }
    // Filled only where there is more than one extension: most events have none.
    var foldedNames: Set<String> = []
    for member in body.members {
      guard let field = EventField(name: member.nameBytes), !field.isExtension(in: kind) else {
        try addExtension(member, &foldedNames)
        continue
      }
      guard field.isAllowed(in: kind) else {
        throw .badField(
          "\(field.name)", code: "field_not_allowed",
          message: "\(field.name) is not a field of a \(kind.rawValue).",
          allowed: EventField.allCases.filter { $0.isAllowed(in: kind) }.map { "\($0.name)" })
      }
      try read(
        field, FieldReader(field: field, value: member.value), service: service, part: part,
        customer: customer, longestCustomerID: longestCustomerID)
    }
    switch kind {
    case .transition:
      guard stateID != nil else { throw .missingField("from", "an object with a state_id") }
      guard body["to"] != nil else { throw .missingField("to", "an object with a state_type") }
    case .expiration:
      guard expiration != nil else { throw .missingField("ttl", "ttl or expiration_time") }
      guard extensions.isEmpty else {
        throw .badField(
          extensions[0].name, code: "field_not_allowed",
          message: "\(extensions[0].name) is not a field of a \(kind.rawValue).",
          allowed: ["ttl", "expiration_time"])
      }
    default: break
    }
  }

  private mutating func read(
    _ field: EventField, _ reader: FieldReader, service: ServiceID?, part: PartID?, customer: String?,
    longestCustomerID: Int
  ) throws(ContextError) {
    switch field {
    case .timestamp: fields.timestamp = try reader.timestamp()
    case .sessionID: fields.sessionID = try reader.string(1...32)
    case .interactionID: fields.interactionID = try reader.string(1...50)
    case .applicationType: fields.applicationType = try reader.attributeValue()
    case .applicationID: fields.applicationID = try reader.integer(Int64.min...Int64.max)
    case .resourceType: fields.resourceType = try reader.attributeValue()
    case .resourceID: fields.resourceID = try reader.integer(Int64.min...Int64.max)
    case .mediaType: fields.mediaType = try reader.attributeValue()
    case .serviceType, .stateType, .taskType: type = try reader.attributeValue()
    case .estimatedDuration: estimatedDuration = try reader.integer(0...ServiceID.maximum)
    case .disposition: disposition = try reader.attributeValue()
    case .dispositionDescription: dispositionDescription = try reader.string(0...64)
    case .contactKey: contactKey = try reader.text(1...256)
    case .serviceID:
      let id = try reader.serviceID()
      if let service, id != service { throw reader.mismatch(with: "\(service)") }
    case .customerID:
      let id = try reader.text(1...longestCustomerID)
      if let customer, id != customer { throw reader.mismatch(with: customer) }
      customerID = id
    case .stateID:
      let id = try reader.partID()
      // A task's events name the state it stands in; a state's own end names itself.
      if kind == .stateEnd {
        if let part, id != part { throw reader.mismatch(with: "\(part)") }
      } else {
        stateID = id
      }
    case .taskID:
      let id = try reader.partID()
      if let part, id != part { throw reader.mismatch(with: "\(part)") }
    case .previousStateID: previousStateID = try reader.partID()
    case .timeToLive: expiration = .seconds(try reader.integer(1...Expiration.longest))
    case .expirationTime:
      let moment = try reader.timestamp()
      // ttl wins if both are given, in whichever order.
      if case .seconds = expiration { break }
      expiration = .moment(moment)
    case .autoCompleteAfter: autoCompleteAfter = try reader.integer(1...Expiration.longest)
    case .from: try readFrom(reader)
    case .to: try readTo(reader)
    case .started, .completed, .duration, .activeStates, .completedStates, .activeTasks, .completedTasks:
      preconditionFailure("\(field.name) is allowed in no event")
    }
  }

  /// The state that a transition ends.
  private mutating func readFrom(_ reader: FieldReader) throws(ContextError) {
    try reader.requireObject(of: [.stateID, .disposition, .dispositionDescription])
    for member in reader.value.members {
      guard let field = EventField(name: member.nameBytes) else { continue }
      let reader = FieldReader(field: field, value: member.value, parent: "from")
      switch field {
      case .stateID: stateID = try reader.partID()
      case .disposition: disposition = try reader.attributeValue()
      default: dispositionDescription = try reader.string(0...64)
      }
    }
    guard stateID != nil else { throw .missingField("from.state_id", PartID.requirement) }
  }

  /// The state that a transition starts.
  private mutating func readTo(_ reader: FieldReader) throws(ContextError) {
    try reader.requireObject(of: [.stateType, .estimatedDuration])
    for member in reader.value.members {
      guard let field = EventField(name: member.nameBytes) else { continue }
      let reader = FieldReader(field: field, value: member.value, parent: "to")
      if field == .stateType {
        type = try reader.attributeValue()
      } else {
        estimatedDuration = try reader.integer(0...ServiceID.maximum)
      }
    }
  }

  private mutating func addExtension(
    _ member: JSONValue.Member, _ foldedNames: inout Set<String>
  ) throws(ContextError) {
    let name = member.name
    try Extension.requireName(name)
    try Extension.requireRoom(for: name, behind: extensions)
    if let first = extensions.first {
      if extensions.count == 1 { foldedNames.insert(first.name.lowercased()) }
      guard foldedNames.insert(name.lowercased()).inserted else {
        throw .badField(
          name, code: "duplicate_key",
          message:
            "The extension \(name) is given twice in the body; extension names are compared without case.")
      }
    }
    extensions.append(Extension(name: name, value: member.value))
  }
}

extension EventField {
  /// Whether it is a field of transitions alone, and as a word too plain to be kept from extensions.
  public var isPlainWord: Bool { self == .from || self == .to }

  /// Whether a key of that name is an extension in an event of that kind.
  fileprivate func isExtension(in kind: Event.Kind) -> Bool { isPlainWord && kind != .transition }
}
