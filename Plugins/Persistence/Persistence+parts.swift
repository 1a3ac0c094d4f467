import ContextModel
import ContextStore
import JSON
import LiaisonKit

extension Persistence {
  /// Start State, Start Task.
  func start(_ kind: ServicePart.Kind, _ call: Call) async throws -> Reply {
    var event = try required(call.event)
    event.fields.timestamp = event.fields.timestamp ?? call.receivedAt
    let service = try required(call.serviceID)
    let change = StartPart(
      tenant: call.tenant, service: service, kind, event, principal: call.principal?.name)
    if let key = try idempotencyKey(call) {
      return try await once(call, key, sent: try required(call.event).text, change) { id in
        (Self.body(kind, id), "/services/\(service)/\(kind.rawValue)s/\(id)")
      }.1
    }
    return reply(201, kind, try await store.write(change), of: service)
  }

  /// Complete State, Complete Task.
  func complete(_ kind: ServicePart.Kind, _ call: Call) async throws -> Reply {
    let event = try required(call.event)
    _ = try await store.write(
      CompletePart(
        tenant: call.tenant, service: try required(call.serviceID), kind, part: try required(call.partID),
        event,
        at: event.fields.timestamp ?? call.receivedAt, condition: call.condition,
        principal: call.principal?.name))
    return Reply()
  }

  /// Perform State Transition.
  func performTransition(_ call: Call) async throws -> Reply {
    let event = try required(call.event)
    let service = try required(call.serviceID)
    let id = try await store.write(
      PerformTransition(
        tenant: call.tenant, service: service, event, at: event.fields.timestamp ?? call.receivedAt,
        condition: call.condition, principal: call.principal?.name))
    return reply(200, .state, id, of: service)
  }

  private func reply(_ status: Int, _ kind: ServicePart.Kind, _ id: PartID, of service: ServiceID) -> Reply {
    Reply(
      status: status, content: .json(Self.body(kind, id)),
      headers: [ReplyHeader("Location", "/services/\(service)/\(kind.rawValue)s/\(id)")])
  }

  private static func body(_ kind: ServicePart.Kind, _ id: PartID) -> [UInt8] {
    var writer = JSONWriter(capacity: 32)
    writer.beginObject()
    writer.key(kind.idName)
    writer.integer(Int64(id.rawValue))
    writer.endObject()
    return writer.bytes
  }

  /// Query States, Query State by ID, Query Tasks, Query Task by ID.
  func parts(_ kind: ServicePart.Kind, _ call: Call) async throws -> Reply {
    let service = try required(call.serviceID)
    let found = try await store.parts(
      PartQuery(
        kind, tenant: call.tenant, service: service, id: call.partID, filter: call.filter,
        extensions: call.extensions, parts: call.parts))
    guard let found else { throw ContextError.serviceNotFound(service) }
    guard let id = call.partID else { return Reply(content: .parts(found)) }
    guard let one = found.first else { throw ContextError.partNotFound(kind, id, of: service) }
    return Reply(content: .part(one))
  }

  /// Update Service, State or Task Extension, and Merge Extension Data.
  func putExtension(_ call: Call, of kind: ServicePart.Kind?, merging: Bool = false) async throws -> Reply {
    var part: PartReference?
    if let kind { part = PartReference(kind, try required(call.partID)) }
    let change = PutExtension(
      tenant: call.tenant, service: try required(call.serviceID), part: part, name: try required(call.name),
      value: try required(call.body), merging: merging, creation: call.creation, at: call.receivedAt,
      condition: call.condition,
      principal: call.principal?.name)
    if part == nil { _ = try await write(change) } else { _ = try await store.write(change) }
    return Reply()
  }
}
