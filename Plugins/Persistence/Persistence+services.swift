import ContextModel
import ContextStore
import JSON
import LiaisonKit
import MappingCache

extension Persistence {
  /// Delete Service by ID.
  func delete(_ call: Call) async throws -> Reply {
    let ticket = cache?.ticket()
    let change = DeleteService(
      tenant: call.tenant, service: try required(call.serviceID), at: call.receivedAt,
      condition: call.condition,
      principal: call.principal?.name)
    let last: Mapping
    do throws(ContextError) {
      last = try await store.write(change, before: audience)
    } catch {
      var error = error
      if error.status == 404 { error.status = options.unknownOnDelete }
      throw error
    }
    await cache.show([.deleted(last.service)], since: ticket)
    return Reply()
  }

  /// Update Expiration Time.
  func updateExpiration(_ call: Call) async throws -> Reply {
    _ = try await write(
      UpdateExpiration(
        tenant: call.tenant, service: try required(call.serviceID), try required(call.event),
        at: call.receivedAt,
        condition: call.condition, principal: call.principal?.name))
    return Reply()
  }

  /// To whom a service has belonged: the newest association first.
  func associations(_ call: Call) async throws -> Reply {
    let id = try required(call.serviceID)
    guard let associations = try await store.associations(of: id, tenant: call.tenant) else {
      throw ContextError.serviceNotFound(id)
    }
    var writer = JSONWriter()
    writer.beginArray()
    for association in associations {
      writer.beginObject()
      writer.key("customer_id")
      writer.string(association.customer)
      writer.key("since")
      writer.timestamp(association.since)
      if let interaction = association.interaction {
        writer.key("interaction_id")
        writer.string(interaction)
      }
      if let principal = association.principal {
        writer.key("principal")
        writer.string(principal)
      }
      writer.endObject()
    }
    writer.endArray()
    return Reply(content: .json(writer.bytes))
  }
}
