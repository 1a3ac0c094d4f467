import ContextModel

@testable import ContextStore

/// A reader whose records are what a test says at each look.
final class ScriptedReader: StoreReader {
  /// A service at each look at it; the last one stays.
  var services: [Int64: [Record]] = [:]
  /// What belongs to a service.
  var parts: [RecordKey.Kind: [Record]] = [:]
  /// The order of lists.
  var listed: [Record] = []
  /// What is found once all is settled.
  var settled: ScriptedReader?
  /// How often records were looked at, by their kinds.
  private(set) var looks: [RecordKey.Kind: Int] = [:]

  var readsOneMoment: Bool { false }
  func begin() {}
  func end() {}
  func settle() {}
  func expect(_ services: @autoclosure () -> [Int64]) {}

  func settledRecords() -> any RecordSource {
    guard let settled else { preconditionFailure("nothing is said of what is settled") }
    return settled
  }

  func record(_ key: RecordKey) -> Record? {
    looks[key.kind, default: 0] += 1
    guard let states = services[key.service] else { return nil }
    if states.count > 1 { services[key.service]?.removeFirst() }
    return states.first
  }

  func records(_ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant) -> [Record] {
    looks[kind, default: 0] += 1
    return (parts[kind] ?? []).filter { $0.key.service == service.rawValue }
  }

  func services(_ query: ServiceQuery) -> [Record] {
    let rest = listed.drop { record in query.behind.map { record.key.service <= $0.id } ?? false }
    return Array(rest.prefix(query.filter.limit ?? .max))
  }

  func services(after id: Int64, tenant: Tenant, limit: Int) -> [Record] {
    Array(listed.drop { $0.key.service <= id }.prefix(limit))
  }

  func changes(after sequence: Int64, limit: Int) -> [Change]? { nil }
  func associations(of service: ServiceID, tenant: Tenant) -> [Association] { [] }
  func mentions(_ query: InteractionMention.Query, tenant: Tenant) -> [InteractionMention] { [] }
  func customers(
    key: Int64, from first: String, to end: String, tenant: Tenant, limit: Int
  ) -> [(name: String, customer: String)] { [] }
  func profiles(after customer: String, tenant: Tenant, limit: Int) -> [Record] { [] }
  func tenantsWithKeys() -> [Tenant] { [] }
  func dueServices(at moment: Timestamp, limit: Int) -> [(Tenant, ServiceID)] { [] }
  func idempotencyKeys(before moment: Timestamp, limit: Int) -> [(tenant: Tenant, key: String)] { [] }
  func idempotencyKeys(naming customer: String, tenant: Tenant) -> [String] { [] }
  func services(
    associatedWith customer: String, after service: Int64, tenant: Tenant, limit: Int
  ) -> (ids: [ServiceID], last: Int64?) { ([], nil) }
  func schemas() -> [StoredSchema] { [] }
}
