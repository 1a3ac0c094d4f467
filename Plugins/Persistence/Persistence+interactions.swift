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
    return try await reply(to: call, [record])
  }

  /// Query Interactions of a customer: those of the services that belong to it.
  func customerInteractions(_ call: Call) async throws -> Reply {
    try await reply(
      to: call,
      try await store.services(
        ServiceQuery(tenant: call.tenant, owner: .customer(try required(call.customerID)), parts: .everything)
      ))
  }

  /// Query Interactions: one by its id, if they are recorded.
  func interaction(_ call: Call) async throws -> Reply {
    let id = try required(call.name)
    guard let record = try await store.record(.interaction(id, tenant: call.tenant)) else {
      throw ContextError.interactionNotFound(id, isRecorded: options.recordsInteractions)
    }
    let document = try JSONParser().parse(record.document).root
    // What is gone is not told of.
    let services = document["services"]?.elements.compactMap { $0.int64.flatMap(ServiceID.init) } ?? []
    let present = try await store.mappings(of: services.map { (call.tenant, $0) }).map(\.service)
    guard !present.isEmpty else {
      throw ContextError.interactionNotFound(id, isRecorded: options.recordsInteractions)
    }
    var found = Interaction(id: id)
    found.established = document["established_date"]?.string.flatMap { Timestamp($0) }
    found.media = document["media_type"].flatMap(AttributeValue.init)
    found.services = present
    var writer = JSONWriter()
    found.write(to: &writer)
    return Reply(content: .json(writer.bytes))
  }

  private func reply(to call: Call, _ records: [ServiceRecord]) async throws -> Reply {
    let parser = JSONParser()
    var found: [Interaction] = []
    for record in records {
      var writer = JSONWriter(capacity: 1024)
      record.write(to: &writer)
      let service = try parser.parse(writer.bytes).root
      guard let id = service["service_id"]?.int64.flatMap(ServiceID.init) else { continue }
      Self.collect(service, of: id, into: &found)
      for name in ["active_states", "completed_states", "active_tasks", "completed_tasks"] {
        for part in service[name]?.elements.map({ $0 }) ?? [] { Self.collect(part, of: id, into: &found) }
      }
    }
    var writer = JSONWriter()
    writer.beginArray()
    for interaction in found.sorted(by: {
      ($0.established ?? .init(milliseconds: 0), $0.id) < ($1.established ?? .init(milliseconds: 0), $1.id)
    }) {
      interaction.write(to: &writer)
    }
    writer.endArray()
    return Reply(content: .json(writer.bytes))
  }

  private static func collect(_ item: JSONValue, of service: ServiceID, into found: inout [Interaction]) {
    for name in ["started", "completed"] {
      guard let event = item[name], let id = event["interaction_id"]?.string else { continue }
      let index = found.firstIndex { $0.id == id } ?? found.count
      if index == found.count { found.append(Interaction(id: id)) }
      if let date = event["timestamp"]?.string.flatMap({ Timestamp($0) }) {
        found[index].established = min(found[index].established ?? date, date)
      }
      found[index].media = found[index].media ?? event["media_type"].flatMap(AttributeValue.init)
      if !found[index].services.contains(service) { found[index].services.append(service) }
    }
  }
}

/// What is known of an interaction (API page *Query Interactions*).
private struct Interaction {
  let id: String
  var established: Timestamp?
  var media: AttributeValue?
  var services: [ServiceID] = []

  init(id: String) { self.id = id }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("external_id")
    writer.string(id)
    if let established {
      writer.key("established_date")
      writer.timestamp(established)
    }
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

  fileprivate static func interactionNotFound(_ id: String, isRecorded: Bool) -> ContextError {
    ContextError(
      status: 404, code: "interaction_not_found",
      message: isRecorded
        ? "No event has named this interaction."
        : "Interactions cannot be found by their ids: plugins.persistence.record-interactions is off.",
      field: "interaction_id", value: JSONWriter.excerpt(of: id))
  }
}
