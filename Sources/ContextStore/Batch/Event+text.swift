import ContextModel
import JSON

extension Event {
  /// The event as compact JSON, as the change sequence keeps it: the fields that were given, then the extensions.
  /// The customer is left out: it stands beside the event.
  var text: [UInt8] {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    if let timestamp = fields.timestamp {
      writer.key("timestamp")
      writer.timestamp(timestamp)
    }
    writer.member("session_id", fields.sessionID)
    writer.member("interaction_id", fields.interactionID)
    writer.member("application_type", fields.applicationType)
    writer.member("application_id", fields.applicationID)
    writer.member("resource_type", fields.resourceType)
    writer.member("resource_id", fields.resourceID)
    writer.member("media_type", fields.mediaType)
    writer.member("contact_key", contactKey)
    writer.member("service_type", serviceType)
    writer.member("est_duration", estimatedDuration)
    writer.member("disposition", disposition)
    writer.member("disposition_desc", dispositionDescription)
    for given in extensions {
      writer.key(given.name)
      writer.value(given.value)
    }
    writer.endObject()
    return writer.bytes
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    key(name)
    string(value)
  }

  fileprivate mutating func member(_ name: StaticString, _ value: Int64?) {
    guard let value else { return }
    key(name)
    integer(value)
  }

  fileprivate mutating func member(_ name: StaticString, _ value: AttributeValue?) {
    guard let value else { return }
    key(name)
    value.write(to: &self)
  }
}
