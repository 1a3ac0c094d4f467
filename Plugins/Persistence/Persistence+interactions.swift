import ContextModel
import ContextStore
import JSON
import LiaisonKit

extension Persistence {
  /// Query Interactions of a service: those that its events, and those of its states and tasks, have named.
  func serviceInteractions(_ call: Call) async throws -> Reply {
    let id = try required(call.serviceID)
    guard let record = try await store.service(id, tenant: call.tenant, parts: .everything) else {
      throw ContextError.serviceNotFound(id)
    }
    return Self.reply(try await interactions(of: [id], [record], call))
  }

  /// Query Interactions of a customer: those of the services that belong to it.
  func customerInteractions(_ call: Call) async throws -> Reply {
    let records = try await store.services(
      ServiceQuery(tenant: call.tenant, owner: .customer(try required(call.customerID)), parts: .everything))
    let ids = try records.compactMap { try JSONParser().parse($0.document).root["service_id"]?.int64 }
    return Self.reply(try await interactions(of: ids.compactMap { ServiceID($0) }, records, call))
  }

  /// Query Interactions: one by its id.
  func interaction(_ call: Call) async throws -> Reply {
    let id = try required(call.name)
    let mentions = try await store.mentions(.interaction(id), tenant: call.tenant)
    guard !mentions.isEmpty else { throw ContextError.interactionNotFound(id) }
    var found = Interaction(id: id)
    for mention in mentions { found.add(mention) }
    for mention in mentions where found.media == nil {
      guard
        let record = try await store.service(mention.service, tenant: call.tenant, parts: .everything)
      else { continue }
      found.media = try Self.media(in: [record], call)[id]
    }
    var writer = JSONWriter()
    found.write(to: &writer)
    return Reply(content: .json(writer.bytes))
  }

  private func interactions(
    of services: [ServiceID], _ records: [ServiceRecord], _ call: Call
  ) async throws -> [Interaction] {
    let media = try Self.media(in: records, call)
    var found: [String: Interaction] = [:]
    for mention in try await store.mentions(.services(services), tenant: call.tenant) {
      let id = mention.interaction
      found[id, default: Interaction(id: id, media: media[id])].add(mention)
    }
    return found.values.sorted { ($0.established.milliseconds, $0.id) < ($1.established.milliseconds, $1.id) }
  }

  private static func reply(_ interactions: [Interaction]) -> Reply {
    var writer = JSONWriter()
    writer.beginArray()
    for interaction in interactions { interaction.write(to: &writer) }
    writer.endArray()
    return Reply(content: .json(writer.bytes))
  }

  /// The media of interactions, which stand in the events alone: as far as no later event has taken their place.
  private static func media(in records: [ServiceRecord], _ call: Call) throws -> [String: AttributeValue] {
    let parser = JSONParser()
    var media: [String: AttributeValue] = [:]
    func collect(_ item: JSONValue) {
      for name in ["started", "completed"] {
        guard let event = item[name], let id = event["interaction_id"]?.string else { continue }
        media[id] = media[id] ?? event["media_type"].flatMap(AttributeValue.init)
      }
    }
    for var record in records {
      call.presentation?(&record)
      var writer = JSONWriter(capacity: 1024)
      record.write(to: &writer)
      let service = try parser.parse(copying: writer.bytes).root
      collect(service)
      for name in ["active_states", "completed_states", "active_tasks", "completed_tasks"] {
        for part in service[name]?.elements.map({ $0 }) ?? [] { collect(part) }
      }
    }
    return media
  }
}

/// What is known of an interaction (API page *Query Interactions*).
private struct Interaction {
  let id: String
  var media: AttributeValue?
  var established = Timestamp(milliseconds: .max)
  var services: [ServiceID] = []

  init(id: String, media: AttributeValue? = nil) {
    self.id = id
    self.media = media
  }

  mutating func add(_ mention: InteractionMention) {
    established = min(established, mention.since)
    services.append(mention.service)
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("external_id")
    writer.string(id)
    writer.key("established_date")
    writer.timestamp(established)
    if let media {
      writer.key("media_type")
      media.write(to: &writer)
    }
    writer.key("services")
    writer.beginArray()
    for service in services { writer.integer(service.rawValue) }
    writer.endArray()
    writer.endObject()
  }
}

extension ContextError {
  /// 404: the content of interactions is not kept here.
  static func contentNotKept(_ id: String) -> ContextError {
    ContextError(
      status: 404, code: "content_not_kept",
      message: "The content of interactions is not kept by this server.",
      field: "interaction_id", value: JSONWriter.excerpt(of: id))
  }

  fileprivate static func interactionNotFound(_ id: String) -> ContextError {
    ContextError(
      status: 404, code: "interaction_not_found", message: "No event has named this interaction.",
      field: "interaction_id", value: JSONWriter.excerpt(of: id))
  }
}
