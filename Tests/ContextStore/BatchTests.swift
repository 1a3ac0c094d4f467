import ContextModel
import Testing

@testable import ContextStore

@Suite struct BatchTests {
  @Test(arguments: Backend.allCases)
  func `writes to one service in one batch are applied in arrival order and become one row`(
    _ backend: Backend
  )
    async throws
  {
    let test = try TestStore(on: backend)
    let id = try await test.start(contactKey: "+1")
    let outcomes = await test.writeTogether([
      .associating(id, with: "A", #"{"session_id":"s1","Note":1}"#),
      .associating(id, with: "B", #"{"session_id":"s2"}"#),
      .associating(id, with: "C", #"{"Note":2}"#),
    ])
    #expect(try outcomes.map { try $0.get().mapping?.customer } == ["A", "B", "C"])
    #expect(try outcomes.map { try $0.get().mapping?.revision } == [2, 3, 4])
    #expect(try outcomes.map { try $0.get().sequence } == [2, 3, 4])
    let record = try #require(try await test.record(id, .all))
    #expect(record.revision == 4)
    #expect(try record.service.customerID == "C")
    #expect(try record.service.started.sessionID == "s2")
    #expect(record.extensionTexts == ["Note=2"])
    #expect(record.document == (try outcomes[2].get().mapping?.document))
    #expect(test.store.metrics.batchSize.count == 2)
    #expect(try await test.rows("SELECT revision, customer FROM service") == ["4|C"])
  }

  @Test(arguments: Backend.allCases)
  func `a write that fails for its own reason leaves the others of its batch alone`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    let id = try await test.start(customer: "A")
    let missing = ServiceID(4711)!
    let outcomes = await test.writeTogether([
      .associating(id, with: "B", condition: .oneOf([7])),
      .associating(id, with: "C", condition: .oneOf([1])),
      .associating(missing, with: "D"),
      .completing(id),
      .completing(id),
      .completing(id, condition: .oneOf([1])),
      .associating(id, with: "E", condition: .any),
    ])
    #expect(
      outcomes.map(\.code)
        == [
          "revision_mismatch", nil, "service_not_found", nil, "already_completed", "revision_mismatch", nil,
        ])
    #expect(try outcomes[6].get().sequence == 4)
    #expect(try outcomes[6].get().mapping?.status == .completed)
    #expect(try await test.ids(ofCustomer: "E", .completed) == [id.rawValue])
    #expect(test.store.health == .up)
  }

  @Test(arguments: Backend.allCases)
  func `a service can be changed in the batch that starts it, but only after its start`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    let first = ServiceID(1)!
    let outcomes = await test.writeTogether([
      .associating(first, with: "early"),
      .starting(.single, .starting(contactKey: "k", at: 1)),
      .associating(first, with: "late"),
    ])
    #expect(outcomes.map(\.code) == ["service_not_found", nil, nil])
    #expect(try await test.ids(ofCustomer: "late") == [1])
    #expect(
      try await test.ids(ServiceQuery(tenant: .single, owner: .contactKey("k"))) == [])
  }

  @Test(arguments: Backend.allCases) func `a service of another tenant does not exist`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    let other = Tenant(rawValue: 2)
    let id = try await test.start(customer: "A")
    let outcomes = await test.writeTogether([
      .associate(
        AssociateService(
          tenant: other, service: id, customer: "B", Event(), at: Timestamp(milliseconds: 1))),
      .starting(other, .starting(customer: "A", at: 1)),
    ])
    #expect(outcomes.map(\.code) == ["service_not_found", nil])
    #expect(try await test.ids(ofCustomer: "A") == [id.rawValue])
    #expect(try await test.run { try await $0.service(id, tenant: other) } == nil)
    #expect(try await test.run { try await $0.mappings(of: [(other, id)]) } == [])
  }

  @Test(arguments: Backend.allCases)
  func `a read sees what was acknowledged just before, whichever loop asks`(_ backend: Backend) async throws {
    let test = try TestStore(on: backend, loops: 2, options: StoreOptions(readers: 2))
    let id = try await test.start(customer: "0")
    for round in 1...200 {
      try await test.run(on: round % 2) { store in
        _ = try await store.write(AnyChange.associating(id, with: "\(round)"))
      }
      let seen = try await test.run(on: (round + 1) % 2) { store in
        try await store.mappings(of: [(.single, id)])
      }
      #expect(seen.map(\.customer) == ["\(round)"])
      #expect(seen.map(\.revision) == [Int64(round) + 1])
    }
  }

  @Test(arguments: Backend.allCases) func `batches are no larger than the option says`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend, options: StoreOptions(maximumBatch: 10))
    let outcomes = await test.writeTogether(
      (0..<95).map { .starting(.single, .starting(customer: "A", at: $0)) })
    #expect(try outcomes.map { try $0.get().mapping?.service.rawValue } == Array(1...95))
    // Where other servers write too, numbers are certain only when they are kept.
    if backend == .embedded { #expect(try outcomes.map { try $0.get().sequence } == Array(1...95)) }
    #expect(try await test.changes().map(\.sequence) == Array(1...95))
    #expect(test.store.metrics.batchSize.count == 10)
    #expect(test.store.metrics.batchSize.sum == 95)
    #expect(test.store.metrics.commitDuration.count == 10)
  }

  @Test(arguments: Backend.allCases) func `the change sequence says what happened, in order and without gaps`(
    _ backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    let id = try await test.start(contactKey: "+1", at: 1000, #"{"media_type":"voice"}"#)
    _ = await test.writeTogether([
      .associating(id, with: "A", #"{"session_id":"x","Note":[1]}"#, principal: "ann"),
      .associating(ServiceID(99)!, with: "A"),
      .associating(id, with: "B"),
      .creatingSchema("Note", text: #"{"name":"Note"}"#, at: 6000),
      .completing(id, at: 9000),
    ])
    let shown = try await test.changes().map { change in
      let event = String(decoding: change.event, as: UTF8.self)
      let service = change.service.map { "\($0) \(change.revision ?? 0)" } ?? "-"
      let owners = "\(change.customerBefore ?? "-") \(change.customer ?? "-") \(change.principal ?? "-")"
      return
        "\(change.sequence) \(change.kind.rawValue) \(service) \(change.at.milliseconds) \(owners) \(event)"
    }
    #expect(
      shown == [
        #"1 start 1 1 1000 - - - {"timestamp":"1970-01-01T00:00:01.000Z","media_type":"voice","contact_key":"+1"}"#,
        #"2 associate 1 2 5000 - A ann {"session_id":"x","Note":[1]}"#,
        #"3 associate 1 3 5000 A B - {}"#,
        #"4 create-schema - 6000 - - - {"name":"Note"}"#,
        #"5 complete 1 4 9000 B B - {"timestamp":"1970-01-01T00:00:09.000Z"}"#,
      ])
  }

  @Test(arguments: Backend.allCases)
  func `of two schemas whose names differ only in case the second is refused`(_ backend: Backend) async throws
  {
    let test = try TestStore(on: backend)
    func schema(_ name: String, _ owner: SchemaCatalog.Owner = .service) -> AnyChange {
      .creatingSchema(name, owner, text: #"{"n":"\#(name)"}"#)
    }
    let together = await test.writeTogether([
      schema("Feedback"), schema("FEEDBACK"), schema("feedback", .task),
    ])
    #expect(together.map(\.code) == [nil, "schema_exists", nil])
    #expect(
      await test.writeTogether([schema("feedBACK"), schema("Other")]).map(\.code) == ["schema_exists", nil])
    #expect(
      try test.store.schemas().map { "\($0.owner) \($0.name)" } == [
        "service Feedback", "service Other", "task feedback",
      ])
    #expect(try test.store.schemas()[0].text == Array(#"{"n":"Feedback"}"#.utf8))
  }
}
