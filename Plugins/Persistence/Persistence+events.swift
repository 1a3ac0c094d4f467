import ContextModel
public import ContextStore
import JSON
import LiaisonKit
public import MappingCache

extension Persistence {
  /// Start Service.
  func start(_ call: Call) async throws -> Reply {
    var event = try required(call.event)
    event.fields.timestamp = event.fields.timestamp ?? call.receivedAt
    let mapping = try await write(
      StartService(tenant: call.tenant, event, principal: call.principal?.name))
    var writer = JSONWriter(capacity: 32)
    writer.beginObject()
    writer.key("service_id")
    writer.integer(mapping.service.rawValue)
    writer.endObject()
    return Reply(
      status: 201, content: .json(writer.bytes),
      headers: [ReplyHeader("Location", "/services/\(mapping.service)")])
  }

  /// Associate Service.
  func associate(_ call: Call) async throws -> Reply {
    let event = try required(call.event)
    _ = try await write(
      AssociateService(
        tenant: call.tenant, service: try required(call.serviceID), customer: try required(call.customerID),
        event, at: event.fields.timestamp ?? call.receivedAt, condition: call.condition,
        principal: call.principal?.name))
    return Reply()
  }

  /// Complete Service.
  func complete(_ call: Call) async throws -> Reply {
    let event = try required(call.event)
    _ = try await write(
      CompleteService(
        tenant: call.tenant, service: try required(call.serviceID), event,
        at: event.fields.timestamp ?? call.receivedAt, condition: call.condition,
        principal: call.principal?.name))
    return Reply()
  }

  /// Makes a change durable, then shows it to Redis. The reply waits for both.
  func write<Change: StoreChange>(_ change: Change) async throws -> Mapping
  where Change.Outcome == Written {
    // Taken before the store decides, so that the cache can tell a write that an epoch has overtaken.
    let ticket = cache?.ticket()
    let mapping = try await store.write(change).mapping
    if let cache, let ticket { await cache.write(CachedService(mapping), since: ticket) }
    return mapping
  }

  /// A part of the call that its operation always has.
  func required<Part>(_ part: Part?) throws(ContextError) -> Part {
    guard let part else { throw .internalError("A call lacks its \(Part.self).") }
    return part
  }
}

extension CachedService {
  /// What Redis keeps of a mapping of the store.
  public init(_ mapping: Mapping) {
    self.init(
      service: mapping.service, tenant: mapping.tenant, revision: mapping.revision,
      customer: mapping.customer,
      isCompleted: mapping.status == .completed, document: mapping.document)
  }
}
