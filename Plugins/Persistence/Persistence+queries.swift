import ContextModel
import ContextStore
import JSON
import LiaisonKit
import MappingCache

extension Persistence {
  /// Query Service by ID: from Redis if it is there and believed, else from the store.
  func service(_ call: Call) async throws -> Reply {
    let id = try required(call.serviceID)
    // Redis keeps no extensions.
    guard call.extensions == .none, call.parts == nil, let cache, !call.wantsStore else {
      guard
        let record = try await store.service(
          id, tenant: call.tenant, extensions: call.extensions, parts: call.parts)
      else { throw ContextError.serviceNotFound(id) }
      return reply(record, .bypass)
    }
    let outcome = await cache.read(id, tenant: call.tenant)
    if case .hit(let document, let revision) = outcome {
      return reply(ServiceRecord(document: document, revision: revision), .hit)
    }
    guard let mapping = try await store.mappings(of: [(call.tenant, id)]).first else {
      throw ContextError.serviceNotFound(id)
    }
    let record = ServiceRecord(document: mapping.document, revision: mapping.revision)
    guard case .miss(let miss) = outcome else { return reply(record, .bypass) }
    cache.fill(CachedService(mapping), after: miss)
    return reply(record, .miss)
  }

  /// How Redis took part in an answer, in the words of RFC 9211.
  private enum CacheStatus: String {
    case hit = "liaison; hit"
    case miss = "liaison; fwd=miss"
    case bypass = "liaison; fwd=bypass"
  }

  private func reply(_ record: ServiceRecord, _ status: CacheStatus) -> Reply {
    Reply(content: .service(record), headers: [ReplyHeader("Cache-Status", status.rawValue)])
  }

  /// Query Services of a customer, or of a contact key.
  func services(_ call: Call) async throws -> Reply {
    let owner: ServiceQuery.Owner =
      if call.operation == .queryCustomerServices {
        .customer(try required(call.customerID))
      } else {
        .contactKey(try required(call.contactKey))
      }
    let records = try await store.services(
      ServiceQuery(
        tenant: call.tenant, owner: owner, filter: call.filter, extensions: call.extensions,
        parts: call.parts))
    return Reply(content: .services(records))
  }
}

extension Call {
  /// Whether the client asked for the store's own answer.
  fileprivate var wantsStore: Bool {
    headers["cache-control"]?.lowercased().contains("no-cache") ?? false
  }
}
