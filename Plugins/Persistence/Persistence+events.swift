import ContextModel
import ContextStore
import JSON
import LiaisonKit
import MappingCache

extension Persistence {
  // Nothing here is inlined, and changes are made without waiting and throw without a type: what they are made of is
  // large, and would lie in the frames of tasks, which are allocated for every call.

  /// Start Service.
  @inline(never)
  func start(_ call: Call) async throws -> Reply {
    guard let key = try idempotencyKey(call) else { return try await begun(call) }
    return try await startOnce(call, key)
  }

  @inline(never)
  private func startOnce(_ call: Call, _ key: String) async throws -> Reply {
    let sent = try required(call.event)
    let ticket = cache?.ticket()
    let text = sent.text + Array((sent.contactKey ?? "").utf8)
    let (outcome, reply) = try await once(call, key, sent: text, try starting(call)) { written in
      (Self.body(written.mapping.service), "/services/\(written.mapping.service)")
    }
    if let outcome { await cache.show([CachedService(outcome.mapping)], since: ticket) }
    return reply
  }

  private static func body(_ service: ServiceID) -> [UInt8] {
    var writer = JSONWriter(capacity: 32)
    writer.beginObject()
    writer.key("service_id")
    writer.integer(service.rawValue)
    writer.endObject()
    return writer.bytes
  }

  @inline(never)
  func starting(_ call: Call) throws -> StartService {
    var event = try required(call.event)
    event.customerID = call.customerID
    event.fields.timestamp = event.fields.timestamp ?? call.receivedAt
    return StartService(tenant: call.tenant, event, principal: call.principal?.name)
  }

  static func started(_ mapping: Mapping) -> Reply {
    Reply(
      status: 201, content: .json(body(mapping.service)),
      headers: [ReplyHeader("Location", "/services/\(mapping.service)")])
  }

  @inline(never)
  func association(_ call: Call) throws -> AssociateService {
    let event = try required(call.event)
    return AssociateService(
      tenant: call.tenant, service: try required(call.serviceID), customer: try required(call.customerID),
      event, at: event.fields.timestamp ?? call.receivedAt, condition: call.condition,
      principal: call.principal?.name)
  }

  @inline(never)
  func completion(_ call: Call) throws -> CompleteService {
    let event = try required(call.event)
    return CompleteService(
      tenant: call.tenant, service: try required(call.serviceID), event,
      at: event.fields.timestamp ?? call.receivedAt, condition: call.condition,
      principal: call.principal?.name)
  }

  /// Makes a change durable, then shows it to Redis. The reply waits for both.
  @inline(never)
  func write<Change: StoreChange>(_ change: Change) async throws -> Mapping
  where Change.Outcome == Written {
    try await store.write(change, before: audience).mapping
  }

  /// A part of the call that its operation always has.
  func required<Part>(_ part: Part?) throws(ContextError) -> Part {
    guard let part else { throw .internalError("A call lacks its \(Part.self).") }
    return part
  }
}
