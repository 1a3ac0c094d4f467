import ContextModel
import ContextStore
import JSON
import LiaisonKit

extension Persistence {
  /// Of how many services the interactions are read at a time.
  private static let servicesAtATime = 500
  /// In how many of the services in which an interaction was named its medium is looked for: an id like `0` may stand in all.
  private static let mostSearched = 10

  /// Query Interactions of a service: those that its events, and those of its states and tasks, have named.
  func serviceInteractions(_ call: Call) async throws -> Reply {
    let id = try required(call.serviceID)
    guard let record = try await store.service(id, tenant: call.tenant) else {
      throw ContextError.serviceNotFound(id)
    }
    return try await interactions(of: [record], call)
  }

  /// Query Interactions of a customer: those of the services that belong to it.
  func customerInteractions(_ call: Call) async throws -> Reply {
    try await interactions(
      of: try await store.services(
        ServiceQuery(tenant: call.tenant, owner: .customer(try required(call.customerID)))), call)
  }

  /// Query Interactions: one by its id.
  func interaction(_ call: Call) async throws -> Reply {
    let id = try required(call.name)
    var found = Interaction.all(in: try await store.mentions(.interaction(id), tenant: call.tenant))
    guard !found.isEmpty else { throw ContextError.interactionNotFound(id, field: "interaction_id") }
    try await findMedia(of: &found, known: [:], call)
    var writer = JSONWriter()
    found[0].write(to: &writer)
    return Reply(content: .json(writer.bytes))
  }

  // There may be many services, and much in them: what is made of them is made off the loop.

  private func interactions(of records: [ServiceRecord], _ call: Call) async throws -> Reply {
    let (limit, after, presentation) = (call.filter.limit, call.afterName, call.presentation)
    let (services, media) = try await blocking.run { try Self.media(in: records, presentation) }
    var mentions: [InteractionMention] = []
    for start in stride(from: 0, to: services.count, by: Self.servicesAtATime) {
      let some = services[start..<min(start + Self.servicesAtATime, services.count)]
      mentions += try await store.mentions(.services(Array(some)), tenant: call.tenant)
    }
    let named = mentions
    var found = try await blocking.run { try Interaction.page(of: named, behind: after, limit: limit) }
    try await findMedia(of: &found, known: media, call)
    let shown = found
    let text = try await blocking.run {
      var writer = JSONWriter()
      writer.beginArray()
      for interaction in shown { interaction.write(to: &writer) }
      writer.endArray()
      return writer.bytes
    }
    return Reply(content: .json(text))
  }

  /// Fills in the media, which stand in the events alone: as far as no later event has taken their place.
  ///
  /// - Parameter known: those that the events of the services themselves tell.
  private func findMedia(
    of interactions: inout [Interaction], known: [TextBytes: AttributeValue], _ call: Call
  ) async throws {
    let presentation = call.presentation
    var media = known
    var searched: Set<ServiceID> = []
    for index in interactions.indices {
      let id = interactions[index].id
      for service in interactions[index].services.prefix(Self.mostSearched)
      where media[id] == nil && searched.insert(service).inserted {
        guard
          let record = try await store.service(service, tenant: call.tenant, parts: Self.partsAlone)
        else { continue }
        let more = try await blocking.run { try Self.media(in: [record], presentation).media }
        media.merge(more) { first, _ in first }
      }
      interactions[index].media = media[id]
    }
  }

  /// All states and tasks, without extensions.
  private static let partsAlone: PartSelection = {
    var parts = PartSelection.everything
    parts.stateExtensions = .none
    parts.taskExtensions = .none
    return parts
  }()

  /// The ids of services as they are shown, and what media their events, and those of what is shown in them, tell.
  private static func media(
    in records: [ServiceRecord], _ presentation: (@Sendable (inout ServiceRecord) -> Void)?
  ) throws -> (services: [ServiceID], media: [TextBytes: AttributeValue]) {
    let parser = JSONParser()
    var services: [ServiceID] = []
    var media: [TextBytes: AttributeValue] = [:]
    func collect(_ item: JSONValue) {
      for name in ["started", "completed"] {
        guard let event = item[name], let id = event["interaction_id"]?.string.map(TextBytes.init) else {
          continue
        }
        media[id] = media[id] ?? event["media_type"].flatMap(AttributeValue.init)
      }
    }
    for var record in records {
      presentation?(&record)
      var writer = JSONWriter(capacity: record.byteCount + 64)
      record.write(to: &writer)
      let service = try parser.parse(copying: writer.bytes).root
      if let id = service["service_id"]?.int64.flatMap({ ServiceID($0) }) { services.append(id) }
      collect(service)
      for name in ["active_states", "completed_states", "active_tasks", "completed_tasks"] {
        for part in service[name]?.elements.map({ $0 }) ?? [] { collect(part) }
      }
    }
    return (services, media)
  }
}

/// What is known of an interaction (API page *Query Interactions*).
private struct Interaction: Sendable {
  let id: TextBytes
  var media: AttributeValue?
  private(set) var established = Timestamp(milliseconds: .max)
  private(set) var services: [ServiceID] = []

  private init(id: TextBytes) { self.id = id }

  /// The interactions of some mentions, in the order in which they were established.
  static func all(in mentions: [InteractionMention]) -> [Interaction] {
    var found: [TextBytes: Interaction] = [:]
    for mention in mentions {
      let id = TextBytes(mention.interaction)
      found[id, default: Interaction(id: id)].add(mention)
    }
    return found.values.sorted { ($0.established.milliseconds, $0.id) < ($1.established.milliseconds, $1.id) }
  }

  /// At most `limit` of them, behind one of them.
  ///
  /// - Throws: 404 if that one is not there.
  static func page(
    of mentions: [InteractionMention], behind id: String?, limit: Int?
  ) throws(ContextError) -> [Interaction] {
    var found = all(in: mentions)[...]
    if let id {
      guard let index = found.firstIndex(where: { $0.id == TextBytes(id) }) else {
        throw .interactionNotFound(id, field: "after")
      }
      found = found[(index + 1)...]
    }
    return Array(found.prefix(limit ?? .max))
  }

  private mutating func add(_ mention: InteractionMention) {
    established = min(established, mention.since)
    services.append(mention.service)
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("external_id")
    writer.string(id.text)
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

  fileprivate static func interactionNotFound(_ id: String, field: String) -> ContextError {
    ContextError(
      status: 404, code: "interaction_not_found", message: "No event has named this interaction.",
      field: field, value: JSONWriter.excerpt(of: id))
  }
}
