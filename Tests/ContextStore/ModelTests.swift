import ContextModel
import Testing

@testable import ContextStore

/// Many random writes, answered by the store and by the simplest thing that could be right.
@Suite struct ModelTests {
  private struct Model {
    var services: [Int64: Service] = [:]
    var extensions: [Int64: [String: String]] = [:]
    var changes = 0
    /// What the store gives out next.
    var nextID: Int64 = 1

    /// A server on PostgreSQL takes a new block of ids when it starts.
    mutating func restart(on backend: Backend) {
      guard backend == .postgres, nextID > 1 else { return }
      let block = PostgresSchema.idsInBlock
      nextID = (nextID - 2) / block * block + block + 1
    }

    /// The code of the failure, `nil` for success.
    mutating func apply(_ request: AnyChange) -> String? {
      do throws(ContextError) {
        switch request {
        case .start(let change):
          let id = nextID
          nextID += 1
          services[id] = Service(id: ServiceID(id)!, tenant: change.tenant, starting: change.event)
          take(change.event, id)
        case .associate(let change):
          let id = change.service.rawValue
          guard services[id] != nil else { return "service_not_found" }
          try services[id]!.require(change.condition)
          services[id]!.associate(with: change.customer, change.event)
          take(change.event, id)
        case .complete(let change):
          let id = change.service.rawValue
          guard services[id] != nil else { return "service_not_found" }
          try services[id]!.require(change.condition)
          try services[id]!.complete(change.event, at: change.at)
          take(change.event, id)
        case .delete(let change):
          guard services.removeValue(forKey: change.service.rawValue) != nil else {
            return "service_not_found"
          }
        case .createSchema: break
        }
        changes += 1
        return nil
      } catch {
        return error.code
      }
    }

    private mutating func take(_ event: Event, _ id: Int64) {
      for given in event.extensions {
        extensions[id, default: [:]][given.name] = String(decoding: given.value.text, as: UTF8.self)
      }
    }

    func list(_ belongs: (Service) -> Bool) -> [Int64] {
      services.values.filter(belongs)
        .sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
        .map(\.id.rawValue)
    }
  }

  private struct Randomness: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var mixed = state
      mixed ^= mixed >> 33
      mixed &*= 0xff51_afd7_ed55_8ccd
      mixed ^= mixed >> 33
      return mixed
    }
  }

  private func request(_ random: inout Randomness, _ model: Model) -> AnyChange {
    let services = model.services.count
    let known = model.services.keys.sorted()
    let place = Int.random(in: 0..<services + 2, using: &random)
    let id = ServiceID(place < services ? known[place] : model.nextID + Int64(place - services))!
    let condition: RevisionCondition? =
      Int.random(in: 0..<6, using: &random) == 0 ? .oneOf([Int64.random(in: 1...4, using: &random)]) : nil
    let bodies = [
      "{}", #"{"session_id":"s\#(services)"}"#, #"{"Note":\#(services)}"#, #"{"Note":{"a":[]},"Tag":"x"}"#,
    ]
    let body = bodies.randomElement(using: &random)!
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<3:
      let isAnonymous = Bool.random(using: &random)
      let name = "n\(Int.random(in: 0..<5, using: &random))"
      return .starting(
        .single,
        .starting(
          customer: isAnonymous ? nil : name, contactKey: isAnonymous ? name : nil,
          at: Int64.random(in: 0..<20, using: &random), body))
    case 3..<9:
      return .associating(
        id, with: "n\(Int.random(in: 0..<5, using: &random))", body, condition: condition)
    default: return .completing(id, condition: condition)
    }
  }

  @Test(arguments: Backend.allCases, [1, 2, 3] as [UInt64])
  func `random writes in random batches leave what a simple model says, also after a restart`(
    _ backend: Backend, _ seed: UInt64
  ) async throws {
    var random = Randomness(state: seed)
    var model = Model()
    var test = try TestStore(
      on: backend,
      options: StoreOptions(foldAfter: 20, largestSegment: 1 << 20, pageCache: 64 << 10, checkpointPages: 50))
    for round in 0..<150 {
      // What the batch itself starts can be asked for in it.
      var expected: [String?] = []
      var requests: [AnyChange] = []
      for _ in 0..<Int.random(in: 1...30, using: &random) {
        requests.append(request(&random, model))
        expected.append(model.apply(requests[requests.count - 1]))
      }
      #expect(await test.writeTogether(requests).map(\.code) == expected)
      if round % 50 == 49 {
        test = try test.afterKill(
          options: StoreOptions(foldAfter: 20, foldBytes: 20_000, checkpointPages: 50))
        model.restart(on: backend)
        try await compare(test, model)
      }
    }
  }

  private func compare(_ test: TestStore, _ model: Model) async throws {
    for (id, service) in model.services {
      let record = try #require(try await test.record(service.id, .all))
      #expect(record.document == service.document)
      #expect(record.revision == service.revision)
      let extensions = (model.extensions[id] ?? [:]).sorted { $0.key.lowercased() < $1.key.lowercased() }
      #expect(record.extensionTexts == extensions.map { "\($0.key)=\($0.value)" })
    }
    for name in (0..<5).map({ "n\($0)" }) {
      #expect(try await test.ids(ofCustomer: name) == model.list { $0.customerID == name })
      #expect(
        try await test.ids(ofCustomer: name, .active)
          == model.list { $0.customerID == name && $0.status == .active })
      #expect(
        try await test.ids(ServiceQuery(tenant: .single, owner: .contactKey(name)))
          == model.list { $0.customerID == nil && $0.contactKey == name })
    }
    #expect(try await test.changes().map(\.sequence) == (0..<model.changes).map { Int64($0) + 1 })
    if test.postgres == nil { #expect(try await test.rows("PRAGMA integrity_check") == ["ok"]) }
  }
}
