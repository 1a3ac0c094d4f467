import ContextModel
import ContextStore
import JSON
import LiaisonKit
import MappingCache

extension Persistence {
  /// How many services one change removes, as far as it can be chosen: a batch must not take long.
  private static let mostDeletions = 50

  /// Deletes those of some services that still are as is wanted, a step at a time: other calls go on meanwhile. What was done
  /// stays done if it fails.
  ///
  /// - Parameter namingCustomer: whether the change sequence tells whose they were.
  /// - Returns: those that are gone.
  func deleteInSteps(
    _ services: [ServiceID], _ call: Call, namingCustomer: Bool = true,
    where matches: @escaping @Sendable (Service) -> Bool
  ) async throws -> [ServiceID] {
    var deleted: [ServiceID] = []
    for start in stride(from: 0, to: services.count, by: Self.mostDeletions) {
      let ticket = cache?.ticket()
      let step = DeleteServices(
        tenant: call.tenant,
        services: Array(services[start..<min(start + Self.mostDeletions, services.count)]),
        namesCustomer: namingCustomer, at: call.receivedAt, principal: call.principal?.name, where: matches)
      let gone = try await store.write(step, before: audience)
      await cache.show(gone.map(CachedService.deleted), since: ticket)
      deleted += gone
    }
    return deleted
  }

  /// The services of an owner that are deleted in steps, before a last change deletes the rest with what else there is.
  func servicesForSteps(of owner: ServiceQuery.Owner, _ call: Call) async throws -> [ServiceID] {
    let records = try await store.services(ServiceQuery(tenant: call.tenant, owner: owner))
    guard records.count > Self.mostDeletions else { return [] }
    return try Self.ids(of: records).sorted().dropLast(Self.mostDeletions)
  }

  /// The ids of services as they are shown.
  static func ids(of records: [ServiceRecord]) throws -> [ServiceID] {
    let parser = JSONParser()
    return try records.compactMap { record in
      try parser.parse(record.document).root["service_id"]?.int64.flatMap { ServiceID($0) }
    }
  }
}
