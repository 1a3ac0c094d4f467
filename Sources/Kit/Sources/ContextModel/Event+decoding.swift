public import JSON

extension Event {
  /// Reads an event's body: fields are checked for type, length and range; every other key becomes an extension.
  ///
  /// - Parameters:
  ///   - body: the body's object.
  ///   - kind: decides which fields are allowed.
  ///   - service: the service of the path, which a `service_id` in the body must equal.
  ///   - customer: the customer of the path, which a `customer_id` in the body must equal.
  ///   - longestCustomerID: in characters.
  /// - Throws: a 400 that names the field, what was sent and what is allowed.
  public init(
    decoding body: JSONValue, as kind: Kind, service: ServiceID? = nil, customer: String? = nil,
    longestCustomerID: Int = 64
  ) throws(ContextError) {
    self.init()
    guard body.kind == .object else {
      throw ContextError(
        status: 400, code: "body_not_object", message: "The body must be a JSON object, not \(body.article).",
        allowed: ["object"])
    }
    // Filled only where there is more than one extension: most events have none.
    var foldedNames: Set<String> = []
    for member in body.members {
      guard let field = EventField(name: member.nameBytes) else {
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
        field, FieldReader(field: field, value: member.value), service: service, customer: customer,
        longestCustomerID: longestCustomerID)
    }
  }

  private mutating func read(
    _ field: EventField, _ reader: FieldReader, service: ServiceID?, customer: String?, longestCustomerID: Int
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
    case .serviceType: serviceType = try reader.attributeValue()
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
    case .started, .completed, .duration, .activeStates, .completedStates, .activeTasks, .completedTasks:
      preconditionFailure("\(field.name) is allowed in no event")
    }
  }

  private mutating func addExtension(
    _ member: JSONValue.Member, _ foldedNames: inout Set<String>
  ) throws(ContextError) {
    let name = member.name
    guard !name.isEmpty else {
      throw .badField(
        "", code: "empty_value", message: "An extension needs a name; a key of the body is empty.")
    }
    if let first = extensions.first {
      if extensions.count == 1 { foldedNames.insert(first.name.lowercased()) }
      guard foldedNames.insert(name.lowercased()).inserted else {
        throw .badField(
          name, code: "duplicate_key",
          message:
            "The extension \(name) stands twice in the body; extension names are compared without case.")
      }
    }
    extensions.append(Extension(name: name, value: member.value))
  }
}
