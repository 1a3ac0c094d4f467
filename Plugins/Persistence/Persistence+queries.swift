import ContextModel
import ContextStore
import JSON
import LiaisonKit
import MappingCache

extension Persistence {
  /// Query Service by ID: from Redis if it is there and believed, else from the store.
  func service(_ call: Call) async throws -> Reply {
    let id = try required(call.serviceID)
    if cache != nil, isBare(call) { return try await begun(call) }
    guard
      let record = try await store.service(
        id, tenant: call.tenant, extensions: call.extensions, parts: call.parts)
    else { throw ContextError.serviceNotFound(id) }
    return Reply(record, .bypass)
  }

  /// Whether Redis can answer: it keeps no extensions, no states and no tasks.
  func isBare(_ call: Call) -> Bool { call.extensions == .none && call.parts == nil && !call.wantsStore }

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

/// How Redis took part in an answer, in the words of RFC 9211.
enum CacheStatus: String {
  case hit = "liaison; hit"
  case miss = "liaison; fwd=miss"
  case bypass = "liaison; fwd=bypass"
}

extension Reply {
  /// A service, and where it came from.
  init(_ record: ServiceRecord, _ status: CacheStatus) {
    self.init(content: .service(record), headers: [ReplyHeader("Cache-Status", status.rawValue)])
  }
}

extension Call {
  /// Whether the client asked for the store's own answer.
  fileprivate var wantsStore: Bool {
    headers["cache-control"]?.lowercased().contains("no-cache") ?? false
  }
}
