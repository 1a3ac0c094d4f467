import JSON

extension Event {
  /// The event as compact JSON, as the change sequence keeps it: the fields that were given, then the extensions.
  /// The customer is left out: it stands beside the event.
  public var text: [UInt8] { text(about: nil) }

  /// The event as the change sequence keeps it, with the state or task that it is about.
  ///
  /// - Parameter part: of a transition the state that starts.
  public func text(about part: PartID?) -> [UInt8] {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    if let part, kind != .transition {
      writer.member(kind.owner == .state ? "state_id" : "task_id", Int64(part.rawValue))
    }
    fields.write(to: &writer)
    if let contactKey { writer.member("contact_key", contactKey) }
    if let type { writer.member(kind.owner.typeName, type) }
    if let estimatedDuration { writer.member("est_duration", estimatedDuration) }
    if let disposition { writer.member("disposition", disposition) }
    if let dispositionDescription { writer.member("disposition_desc", dispositionDescription) }
    if kind == .transition, let stateID, let part {
      for (name, id) in [("from", stateID), ("to", part)] {
        writer.key(name)
        writer.beginObject()
        writer.member("state_id", Int64(id.rawValue))
        writer.endObject()
      }
    } else if let stateID {
      writer.member("state_id", Int64(stateID.rawValue))
    }
    if let previousStateID { writer.member("previous_state_id", Int64(previousStateID.rawValue)) }
    switch expiration {
    case .seconds(let seconds): writer.member("ttl", seconds)
    case .moment(let moment):
      writer.key("expiration_time")
      writer.timestamp(moment)
    case nil: break
    }
    if let autoCompleteAfter { writer.member("auto_complete_after", autoCompleteAfter) }
    for given in extensions {
      writer.key(given.name)
      writer.value(given.value)
    }
    writer.endObject()
    return writer.bytes
  }
}
