import ContextModel
import Testing

@testable import ContextStore

@Suite struct ListTests {
  @Test(arguments: Backend.allCases)
  func `an association moves active and completed history to the new customer at once`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    let open = try await test.start(contactKey: "k", at: 1)
    let ended = try await test.start(contactKey: "k", at: 2)
    _ = try await test.complete(ended)
    for customer in ["A", "B"] {
      _ = try await test.associate(open, with: customer)
      _ = try await test.associate(ended, with: customer)
    }
    #expect(try await test.ids(ofCustomer: "A") == [])
    #expect(try await test.ids(ofCustomer: "B") == [open.rawValue, ended.rawValue])
    #expect(try await test.ids(ofCustomer: "B", .active) == [open.rawValue])
    #expect(try await test.ids(ofCustomer: "B", .completed) == [ended.rawValue])
  }

  @Test(arguments: Backend.allCases)
  func `the list of a contact key shows its services until they have a customer`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    let first = try await test.start(contactKey: "k", at: 2)
    let second = try await test.start(contactKey: "k", at: 1)
    let query = ServiceQuery(tenant: .single, owner: .contactKey("k"))
    #expect(try await test.ids(query) == [second.rawValue, first.rawValue])
    _ = try await test.associate(first, with: "A")
    #expect(try await test.ids(query) == [second.rawValue])
    let record = try #require(try await test.record(first))
    #expect(try record.service.contactKey == "k")
  }

  @Test(arguments: Backend.allCases) func `a list is ordered by start, then by id`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    for time: Int64 in [5, 3, 5, 1, 3, -7] { _ = try await test.start(customer: "A", at: time) }
    #expect(try await test.ids(ofCustomer: "A") == [6, 4, 2, 5, 1, 3])
  }

  @Test(arguments: Backend.allCases) func `pages are full and make up the list, wherever its services lie`(
    _ backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    let owners: [ServiceQuery.Owner] = [.customer("A"), .contactKey("k")]
    var services: [ServiceID] = []
    for number: Int64 in 0..<120 {
      // Half of them lie in the tables when the others change and come.
      if number == 60 { try await test.run { store in try await store.settle() } }
      services.append(
        try await test.start(
          customer: number % 3 == 0 ? "A" : nil, contactKey: "k", at: number * 7 % 20, type: .id(number % 2)))
    }
    for (number, service) in services.enumerated() {
      switch number % 10 {
      case 1: _ = try await test.associate(service, with: "A")
      case 3, 6: _ = try await test.associate(service, with: "B")
      case 4, 9: _ = try await test.complete(service)
      case 5: _ = try await test.write(.deleting(service))
      default: break
      }
    }
    for owner in owners {
      for filter in [ServiceFilter(), ServiceFilter(status: .completed), ServiceFilter(types: [.id(1)])] {
        var query = ServiceQuery(tenant: .single, owner: owner, filter: filter)
        let all = try await test.ids(query)
        #expect(!all.isEmpty)
        for limit in [1, 7, 500] {
          query.filter.limit = limit
          query.behind = nil
          var paged: [Int64] = []
          while true {
            let asked = query
            let page = try await test.run { store in try await store.services(asked) }
            paged += try page.map { try $0.service.id.rawValue }
            guard let last = page.last, page.count == limit else { break }
            query.behind = ServiceQuery.Place(of: try last.service)
          }
          #expect(paged == all, "\(owner), \(limit) at a time")
        }
      }
    }
  }

  @Test(arguments: Backend.allCases) func `for a page no more is read than it shows`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    let started = (0..<50).map {
      AnyChange.starting(.single, .starting(customer: "A", at: $0, type: .id($0 % 2)))
    }
    for outcome in await test.writeTogether(started) { _ = try outcome.get() }
    try await test.run { store in try await store.settle() }
    var query = ServiceQuery(tenant: .single, owner: .customer("A"), filter: ServiceFilter(types: [.id(1)]))
    query.filter.limit = 3
    query.behind = ServiceQuery.Place(startedAt: Timestamp(milliseconds: 10), id: 11)
    let ids: [Int64]
    if let postgres = test.postgres {
      let reader = PostgresReader(postgres)
      ids = try reader.services(query).map(\.key.service)
    } else {
      let reader = try SQLiteReader(path: "\(test.folder.path)/\(SQLiteTarget.fileName)", pageCache: 1 << 20)
      ids = try reader.services(query).map(\.record.key.service)
    }
    #expect(ids == [12, 14, 16])
  }

  @Test func `a list misses no service that changes while it is read`() async throws {
    let test = try TestStore(loops: 2, options: StoreOptions(durability: .relaxed))
    let started = (0..<300).map { AnyChange.starting(.single, .starting(customer: "A", at: $0)) }
    for outcome in await test.writeTogether(started) { _ = try outcome.get() }
    let isOver = Box(false)
    async let counts = test.run(on: 1) { store in
      var counts: Set<Int> = []
      while !isOver.value {
        counts.insert(
          try await store.services(ServiceQuery(tenant: .single, owner: .customer("A"))).count)
      }
      return counts
    }
    for _ in 0..<10 {
      // Each service changes for the first time since the tables have it.
      try await test.run { store in try await store.settle() }
      for id: Int64 in 1...300 { _ = try await test.associate(try #require(ServiceID(id)), with: "A") }
    }
    isOver.with { $0 = true }
    #expect(try await counts == [300])
  }

  @Test(arguments: Backend.allCases) func `started_from is inclusive and started_to exclusive`(
    _ backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    for time: Int64 in [10, 20, 30] { _ = try await test.start(customer: "A", at: time) }
    func between(_ from: Int64?, _ to: Int64?) async throws -> [Int64] {
      var query = ServiceQuery(tenant: .single, owner: .customer("A"))
      query.filter.startedFrom = from.map(Timestamp.init(milliseconds:))
      query.filter.startedTo = to.map(Timestamp.init(milliseconds:))
      return try await test.ids(query)
    }
    #expect(try await between(10, 30) == [1, 2])
    #expect(try await between(11, 31) == [2, 3])
    #expect(try await between(20, nil) == [2, 3])
    #expect(try await between(nil, 20) == [1])
    #expect(try await between(30, 10) == [])
  }

  @Test(arguments: Backend.allCases) func `types are matched as stored: an id is no name of the same digits`(
    _ backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    _ = try await test.start(customer: "A", type: .id(100))
    _ = try await test.start(customer: "A", type: .name("100"))
    _ = try await test.start(customer: "A", type: .name("Sales"))
    _ = try await test.start(customer: "A")
    func of(_ types: AttributeValue...) async throws -> [Int64] {
      try await test.ids(
        ServiceQuery(tenant: .single, owner: .customer("A"), filter: ServiceFilter(types: types)))
    }
    #expect(try await of() == [1, 2, 3, 4])
    #expect(try await of(.id(100)) == [1])
    #expect(try await of(.name("100"), .name("Sales")) == [2, 3])
    #expect(try await of(.name("sales")) == [])
    _ = try await test.associate(ServiceID(4)!, with: "A", #"{"service_type":7}"#)
    #expect(try await of(.id(7)) == [4])
  }

  @Test(arguments: Backend.allCases) func `a customer's name is data, whatever characters it has`(
    _ backend: Backend
  ) async throws {
    let test = try TestStore(on: backend)
    let names = ["O'Brien", "a/b", "%", "日本語", "A", "a", " ", "\u{1F600}", "A\u{0}B"]
    for name in names { _ = try await test.start(customer: name) }
    for (place, name) in names.enumerated() {
      #expect(try await test.ids(ofCustomer: name) == [Int64(place + 1)])
    }
  }
}
