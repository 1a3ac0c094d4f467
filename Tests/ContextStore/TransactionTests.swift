import ContextModel
import Testing

@testable import ContextStore

/// A change whose body is given by the test.
private struct Script: StoreChange {
  let body: @Sendable (StoreTransaction) throws(ContextError) -> [String]
  func apply(to transaction: StoreTransaction) throws(ContextError) -> [String] { try body(transaction) }
}

@Suite struct TransactionTests {
  @Test(.timeLimit(.minutes(1))) func `to remove many services at once takes as long as so many take`()
    async throws
  {
    let test = try TestStore()
    let count = 8000
    for _ in 0..<count / 1000 {
      _ = await test.writeTogether(
        (0..<1000).map { _ in .starting(.single, .starting(customer: "A", at: 1, #"{"Note":1}"#)) })
    }
    let outcome = try await test.run { store in
      try await store.write(
        EraseCustomer(tenant: .single, customer: "A", formerServices: [], at: Timestamp(milliseconds: 0)))
    }
    #expect(outcome.services.count == count)
    #expect(try await test.rows("SELECT count(*) FROM extension") == ["0"])
  }

  @Test(arguments: Backend.allCases)
  func `two spellings of a customer that look alike are two customers`(_ backend: Backend) async throws {
    let test = try TestStore(on: backend)
    let (one, two) = ("Jos\u{E9}", "Jose\u{301}")
    #expect(one == two, "Swift takes them for equal")
    let type = { (name: String) in AttributeValue.name("type " + name) }
    let id = try await test.start(customer: one, type: type(one))
    let other = try await test.start(customer: two, type: type(two))
    _ = try await test.rows("SELECT 1")
    #expect(try await test.ids(ofCustomer: one) == [id.rawValue])
    _ = try await test.associate(id, with: two)
    #expect(try await test.ids(ofCustomer: one) == [])
    #expect(try await test.ids(ofCustomer: two) == [id.rawValue, other.rawValue])
    let found = try await test.rows(
      "SELECT customer FROM association WHERE service = \(id) ORDER BY \(backend == .postgres ? "ordinal" : "sequence")"
    )
    #expect(found.map { Array($0.utf8) } == [Array(one.utf8), Array(two.utf8)])
    #expect(try await test.ids(ofCustomer: one) == [])
    #expect(try await test.ids(ofCustomer: two) == [id.rawValue, other.rawValue])
    let former = try await test.run { store in
      (
        try await store.formerServices(of: one, after: 0, tenant: .single).ids,
        try await store.formerServices(of: two, after: 0, tenant: .single).ids
      )
    }
    #expect(former.0 == [id] && former.1 == [id, other])
    func key(_ name: String) -> RecordKey { .profile(name, tenant: .single) }
    #expect(key(one) != key(two) && Set([key(one), key(two)]).count == 2)
  }

  private let refusal = ContextError(status: 409, code: "refused", message: "Refused.")

  @Test(arguments: Backend.allCases)
  func `a change that throws halfway leaves nothing behind, and the next one gets its numbers`(
    _ backend: Backend
  )
    async throws
  {
    let test = try TestStore(on: backend)
    let id = try await test.start(customer: "A", #"{"Note":1}"#)
    let refusal = refusal
    await #expect(throws: refusal) {
      try await test.run { store in
        try await store.write(
          Script { (transaction) throws(ContextError) in
            var service = try transaction.existingService(id, tenant: .single)
            transaction.note(Change(.associate, tenant: .single, at: Timestamp(milliseconds: 1)))
            service.associate(with: "B", Event())
            try transaction.put(service)
            try transaction.putExtensions(
              of: Event(#"{"Note":2}"#, as: .association), to: .service, in: id, tenant: .single)
            try transaction.put(
              Service(
                id: transaction.newServiceID(), tenant: .single, starting: .starting(customer: "B", at: 1)))
            throw refusal
          })
      }
    }
    #expect(try await test.ids(ofCustomer: "B") == [])
    #expect(try #require(try await test.record(id, .all)).extensionTexts == ["Note=1"])
    let next = try await test.associate(id, with: "C")
    #expect(next.sequence == 2)
    #expect(next.mapping?.revision == 2)
    #expect(try await test.start(customer: "C").rawValue == id.rawValue + 1)
  }

  @Test(arguments: Backend.allCases) func `a change sees what the batch has done, in records and in lists`(
    _ backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    let first = try await test.start(customer: "A", #"{"Note":1,"Tag":1}"#)
    let second = try await test.start(customer: "A")
    let names = try await test.run { store in
      try await store.write(
        Script { (transaction) throws(ContextError) in
          var service = try transaction.existingService(second, tenant: .single)
          transaction.note(
            Change(.associate, tenant: .single, service: second, at: Timestamp(milliseconds: 1)))
          service.associate(with: "B", Event())
          try transaction.put(service)
          let note = RecordKey.extension("NOTE", of: .service, in: first, tenant: .single)
          try transaction.delete(note)
          guard try transaction.record(note) == nil else { return ["the record is still there"] }
          return try transaction.services(of: .customer("A"), tenant: .single).map { "A \($0.id)" }
            + transaction.services(of: .customer("B"), tenant: .single).map { "B \($0.id)" }
            + transaction.records(.extension, of: first, tenant: .single).map(\.name)
        })
    }
    #expect(names == ["A \(first)", "B \(second)", "Tag"])
    #expect(try #require(try await test.record(first, .all)).extensionTexts == ["Tag=1"])
  }

  @Test(arguments: Backend.allCases) func `a deleted service is gone, and its id is never given out again`(
    _ backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    let id = try await test.start(customer: "A")
    _ = try await test.run { store in
      try await store.write(
        Script { (transaction) throws(ContextError) in
          let service = try transaction.existingService(id, tenant: .single)
          transaction.note(Change(.complete, tenant: .single, service: id, at: Timestamp(milliseconds: 1)))
          try transaction.delete(service)
          return try transaction.service(id, tenant: .single) == nil ? [] : ["still there"]
        })
    }
    #expect(try await test.record(id) == nil)
    #expect(try await test.ids(ofCustomer: "A") == [])
    #expect(try await test.start(customer: "A").rawValue == id.rawValue + 1)
  }
}
