public import ContextModel
import JSON

extension StoreTransaction {
  /// Notes that an event named an interaction, if that is wanted.
  public func noteInteraction(of event: Event, in service: ServiceID, tenant: Tenant) throws(ContextError) {
    guard recordsInteractions, let id = event.fields.interactionID else { return }
    let key = RecordKey.interaction(id, tenant: tenant)
    var services: [Int64] = []
    var established = event.fields.timestamp ?? moment
    var media = event.fields.mediaType
    if let stored = try record(key), let document = documents.value(stored.document) {
      services = document["services"]?.elements.compactMap(\.int64) ?? []
      if let date = document["established_date"]?.string.flatMap({ Timestamp($0) }) {
        established = min(established, date)
      }
      media = document["media_type"].flatMap(AttributeValue.init) ?? media
    }
    if !services.contains(service.rawValue) { services.append(service.rawValue) }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("established_date")
    writer.timestamp(established)
    if let media {
      writer.key("media_type")
      media.write(to: &writer)
    }
    writer.key("services")
    writer.beginArray()
    for service in services { writer.integer(service) }
    writer.endArray()
    writer.endObject()
    try put(Record(key, document: writer.bytes))
  }
}
