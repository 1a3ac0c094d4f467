public import JSON

extension ServicePart {
  /// The state or task as the API shows it inside its service, without extensions; business attributes as stored.
  public var document: [UInt8] {
    var writer = JSONWriter(capacity: 256)
    writer.beginObject()
    writer.member(kind.idName, Int64(id.rawValue))
    if let stateID { writer.member("state_id", Int64(stateID.rawValue)) }
    if let type { writer.member(kind.owner.typeName, type) }
    if let estimatedDuration { writer.member("est_duration", estimatedDuration) }
    if let previousStateID { writer.member("previous_state_id", Int64(previousStateID.rawValue)) }
    writer.key("started")
    writer.beginObject()
    started.write(to: &writer)
    writer.endObject()
    if let completed {
      writer.key("completed")
      writer.beginObject()
      completed.write(to: &writer)
      writer.endObject()
    }
    if let duration { writer.member("duration", duration) }
    if let disposition { writer.member("disposition", disposition) }
    if let dispositionDescription { writer.member("disposition_desc", dispositionDescription) }
    writer.endObject()
    return writer.bytes
  }

  /// Reads a ``document`` back; `nil` if it is none.
  ///
  /// - Parameters:
  ///   - document: as it was written.
  ///   - kind: a state or a task.
  ///   - service: whose part it is; stands beside the document, not in it.
  ///   - revision: stands beside it as well.
  public init?(document: JSONValue, as kind: Kind, of service: ServiceID, revision: Int64) {
    guard let id = document["\(kind.idName)"]?.int64.flatMap(PartID.init) else { return nil }
    self.init(kind, id, of: service, revision: revision)
    for member in document.members {
      guard let field = EventField(name: member.nameBytes) else { return nil }
      let value = member.value
      switch field {
      case .stateID where kind == .task: stateID = value.int64.flatMap(PartID.init)
      case .previousStateID: previousStateID = value.int64.flatMap(PartID.init)
      case .stateType, .taskType: type = AttributeValue(value)
      case .estimatedDuration: estimatedDuration = value.int64
      case .disposition: disposition = AttributeValue(value)
      case .dispositionDescription: dispositionDescription = value.string
      case .started: started = EventFields(value)
      case .completed: completed = EventFields(value)
      default: break
      }
    }
  }
}
