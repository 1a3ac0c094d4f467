import ContextModel
import JSON
import Testing

@testable import ContextStore

/// What batches promise that are on their way together, on a store that has several.
@Suite(.enabled(if: TestPostgres.isInstalled, "PostgreSQL is not installed (package postgresql)"))
struct CommitOrderTests {
  @Test(.timeLimit(.minutes(1)))
  func `batches of the same services that no socket takes at once wait for each other in no circle`()
    async throws
  {
    var place = try TestPostgres.newStore()
    place.statementTimeout = 3000
    let test = try TestStore(place)
    let ids = try await services(200, in: test)
    let large = String(repeating: "x", count: 5000)
    for round in 0..<5 {
      let changes = ids.map { AnyChange.associating($0, with: "\(round)", #"{"Note":"\#(large)"}"#) }
      async let first = test.writeTogether(changes)
      async let second = test.writeTogether(changes)
      async let third = test.writeTogether(changes)
      #expect(await (first + second + third).allSatisfy { $0.code == nil })
    }
    #expect(test.notices.all.isEmpty)
  }

  @Test(.timeLimit(.minutes(1)), arguments: [1, 2, 7])
  func `changes of several batches are decided in the order of their arrival, also where one is refused`(
    batch: Int
  ) async throws {
    let test = try TestStore(TestPostgres.newStore(), options: StoreOptions(maximumBatch: batch))
    let ids = try await services(4, in: test)
    let outcomes = await test.writeTogether(
      (0..<300).map { number in
        let isRefused = number % 11 == 5
        return .associating(
          ids[isRefused ? 3 : number % 3], with: isRefused ? PostgresTests.poison() : "\(number)")
      })
    var revisions = [Int64](repeating: 1, count: 3)
    for (number, outcome) in outcomes.enumerated() {
      if number % 11 == 5 {
        #expect(outcome.code == "data_refused")
      } else {
        revisions[number % 3] += 1
        #expect(try outcome.get().mapping?.revision == revisions[number % 3])
      }
    }
    #expect(test.store.health == .up && test.notices.all.isEmpty)
  }

  @Test(.timeLimit(.minutes(1))) func `a change sees what one of the batch before has made`() async throws {
    let test = try TestStore(TestPostgres.newStore(), options: StoreOptions(maximumBatch: 1))
    let outcomes = await test.writeTogether(
      (0..<100).flatMap { number -> [AnyChange] in
        [.creatingSchema("Note\(number)", text: "{}"), .creatingSchema("note\(number)", text: "{}")]
      })
    for (place, outcome) in outcomes.enumerated() {
      #expect(outcome.code == (place.isMultiple(of: 2) ? nil : "schema_exists"))
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a profile is found by a key, and a service in a list, that the batch before has made`() async throws {
    let test = try TestStore(TestPostgres.newStore(), options: StoreOptions(maximumBatch: 1))
    let moment = Timestamp(milliseconds: 1)
    func json(_ text: String) throws -> JSONDocument { try JSONParser().parse(Array(text.utf8)) }
    let ids = try await services(20, in: test)
    var changes: [@Sendable (ContextStore) async throws -> Void] = []
    for (number, id) in ids.enumerated() {
      let key = try IdentificationKey(
        decoding: json(#"{"name":"key\#(number)","source":"profile","attributes":["Mail"]}"#).root)
      let body = try ProfileBody(decoding: json(#"{"Mail":"m\#(number)"}"#).root)
      changes.append { store in
        _ = try await store.write(CreateIdentificationKey(tenant: .single, key: key, at: moment))
      }
      changes.append { store in
        _ = try await store.write(
          CreateProfile(tenant: .single, customer: "\(number)", body: body, at: moment))
      }
      changes.append { _ = try await $0.write(AnyChange.associating(id, with: "\(number)")) }
      guard number > 0 else { continue }
      changes.append { store in
        let merged = try await store.write(
          MergeProfile(
            tenant: .single, customer: "0", source: "\(number)", options: MergeOptions(), movesServices: true,
            uniqueAttributes: [:], at: moment))
        #expect(merged.moved.map(\.service) == [id])
      }
    }
    try await test.inOneTick(changes)
    #expect(try await test.ids(ofCustomer: "0").count == 20)
    // Each profile under all keys that were there before it.
    #expect(try await test.rows("SELECT count(*) FROM identity WHERE customer = '0'") == ["210"])
    #expect(test.notices.all.isEmpty)
  }

  private func services(_ count: Int, in test: TestStore) async throws -> [ServiceID] {
    try await test.writeTogether(
      (0..<count).map { .starting(.single, .starting(customer: "0", at: Int64($0))) }
    ).map { try #require($0.get().mapping).service }
  }
}
