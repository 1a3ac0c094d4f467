import JSON

extension Event {
  /// The event as compact JSON, as the change sequence keeps it: the fields that were given, then the extensions.
  /// The customer is left out: it stands beside the event.
  public var text: [UInt8] {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    fields.write(to: &writer)
    if let contactKey { writer.member("contact_key", contactKey) }
    if let serviceType { writer.member("service_type", serviceType) }
    if let estimatedDuration { writer.member("est_duration", estimatedDuration) }
    if let disposition { writer.member("disposition", disposition) }
    if let dispositionDescription { writer.member("disposition_desc", dispositionDescription) }
    for given in extensions {
      writer.key(given.name)
      writer.value(given.value)
    }
    writer.endObject()
    return writer.bytes
  }
}
