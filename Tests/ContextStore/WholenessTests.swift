import ContextModel
import JSON
import Testing

@testable import ContextStore

/// What must be found whole: pages of the history, batches of any size, a service and what belongs to it.
@Suite struct WholenessTests {
  @Test(arguments: Backend.allCases)
  func `a customer is found in services at the border of a page of the history`(
    on backend: Backend
  ) async throws {
    let page = 10 * ServiceScan.size
    let test = try TestStore(on: backend)
    let first = try await test.start(customer: "0")
    let second = try await test.start(contactKey: "k")
    // The page ends between the second service's customers.
    for outcome in await test.writeTogether((1...page - 2).map { .associating(first, with: "\($0)") }) {
      _ = try outcome.get()
    }
    for customer in ["A", "B", "C"] { _ = try await test.associate(second, with: customer) }
    for customer in ["A", "B", "C"] {
      let found = try await test.run { store in
        var found: [ServiceID] = []
        var next: Int64? = 0
        while let after = next {
          let page = try await store.formerServices(of: customer, after: after, tenant: .single)
          found += page.ids
          next = page.next
        }
        return found
      }
      #expect(found == [second], "\(customer)")
    }
  }

  @Test(arguments: Backend.allCases)
  func `a service that is started and removed in one batch leaves no history`(
    on backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    let id = try await test.start(customer: "A")
    let next = try #require(ServiceID(id.rawValue + 1))
    let outcomes = await test.writeTogether([
      .starting(.single, .starting(customer: "gone", at: 1000, #"{"interaction_id":"I1"}"#)), .deleting(next),
    ])
    #expect(try outcomes[0].get().mapping?.service == next && outcomes[1].code == nil)
    #expect(try await test.record(next) == nil)
    #expect(try await test.rows("SELECT customer FROM association") == ["A"])
    #expect(try await test.rows("SELECT service FROM interaction") == [])
  }

  @Test(arguments: Backend.allCases) func `calls that are too much for one batch are kept in several`(
    on backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    let id = try await test.start(customer: "A")
    let text = String(repeating: "x", count: 1 << 20)
    let outcomes = await test.writeTogether(
      (0..<80).map { .associating(id, with: "\($0)", #"{"Note":"\#(text)"}"#) })
    #expect(outcomes.allSatisfy { $0.code == nil })
    #expect(try await test.record(id)?.service.customerID == "79")
    #expect(test.store.health == .up && test.notices.all.isEmpty)
  }

  @Test(arguments: Backend.allCases) func `a service and its extensions are shown as of one moment`(
    on backend: Backend
  ) async throws {
    let test = try TestStore(on: backend, loops: 2)
    let id = try await test.start(customer: "0", #"{"Note":0}"#)
    let rounds = backend == .embedded ? 3000 : 300
    async let writing: Void = test.run(on: 1) { store in
      for round in 1...rounds {
        _ = try await store.write(AnyChange.associating(id, with: "\(round)", #"{"Note":\#(round)}"#))
      }
    }
    var seen = 0
    while seen < rounds {
      let record = try #require(try await test.record(id, .all))
      let customer = try #require(try record.service.customerID)
      #expect(record.extensionTexts == ["Note=\(customer)"])
      seen = try #require(Int(customer))
    }
    try await writing
  }
}
