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
    var query = ServiceQuery(
      tenant: call.tenant, owner: owner, filter: call.filter, extensions: call.extensions, parts: call.parts)
    query.behind = try await beginning(of: call)
    return Reply(content: .services(try await store.services(query)))
  }

  /// Behind what a page begins; `nil` for the first.
  private func beginning(of page: Call) async throws -> ServiceQuery.Place? {
    guard let id = page.filter.after.flatMap(ServiceID.init) else { return nil }
    if let startedAt = page.afterStartedAt {
      return ServiceQuery.Place(startedAt: startedAt, id: id.rawValue)
    }
    guard let record = try await store.service(id, tenant: page.tenant) else {
      throw ContextError.nowhereToGoOn(id)
    }
    let document = try JSONParser().parse(record.document)
    return Service(document: document.root, tenant: page.tenant, revision: record.revision)
      .map(ServiceQuery.Place.init)
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

extension ContextError {
  /// 400: where a service stood that is gone, its id does not tell.
  fileprivate static func nowhereToGoOn(_ id: ServiceID) -> ContextError {
    let example = "after=2031-04-09T07:45:10.250Z,\(id)"
    return .badField(
      "after", code: "bad_parameter",
      message:
        "There is no service \(id), or not any more: its id alone does not tell where to go on. Send its start too, as in \(example).",
      value: "\(id)",
      allowed: ["the id of a service that is there", "its start and its id, as in \(example)"])
  }
}

extension Call {
  /// Whether the client asked for the store's own answer.
  fileprivate var wantsStore: Bool {
    headers["cache-control"]?.lowercased().contains("no-cache") ?? false
  }
}
