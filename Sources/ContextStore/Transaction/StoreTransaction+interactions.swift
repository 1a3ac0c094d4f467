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
    try putInteraction(key, established, media, services)
  }

  private func putInteraction(
    _ key: RecordKey, _ established: Timestamp, _ media: AttributeValue?, _ services: [Int64]
  ) throws(ContextError) {
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

  /// Takes a service that goes out of the interactions that its events, and those of its states and tasks, have named last.
  func forgetInteractions(of service: Service, _ parts: [ServicePart]) throws(ContextError) {
    guard recordsInteractions else { return }
    var events: [EventFields?] = [service.started, service.completed]
    for part in parts { events += [part.started, part.completed] }
    for id in Set(events.compactMap { $0?.interactionID }).sorted() {
      let key = RecordKey.interaction(id, tenant: service.tenant)
      guard let stored = try record(key), let document = documents.value(stored.document) else { continue }
      let services = (document["services"]?.elements.compactMap(\.int64) ?? []).filter {
        $0 != service.id.rawValue
      }
      guard !services.isEmpty else {
        try delete(key)
        continue
      }
      let established = document["established_date"]?.string.flatMap { Timestamp($0) } ?? moment
      try putInteraction(key, established, document["media_type"].flatMap(AttributeValue.init), services)
    }
  }
}
