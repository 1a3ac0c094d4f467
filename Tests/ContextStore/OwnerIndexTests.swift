import Testing

@testable import ContextStore

struct OwnerIndexTests {
  @Test
  func
    `services that keep moving are found under their newest owners alone, and owners without any fill no memory`()
  {
    var numbers = SystemRandomNumberGenerator()
    var index = OwnerIndex()
    var owners: [Int64: UInt64] = [:]
    for _ in 0..<100_000 {
      let service = Int64.random(in: 1...300, using: &numbers)
      let owner = UInt64.random(in: 0...500, using: &numbers)
      index.put(service, to: owner)
      owners[service] = owner
      // Both number the same owner.
      if owner == 0 { owners[service] = 1 }
    }
    let services = Dictionary(grouping: owners.keys) { owners[$0] }
    for owner in UInt64(1)...500 { #expect(Set(index[owner]) == Set(services[owner] ?? [])) }
    for owner in UInt64(1)...500 { #expect(index[owner].count == services[owner]?.count ?? 0) }
    #expect(index.ownerCount == services.count)
  }

  @Test func `the service that came last is the first of its owner`() {
    var index = OwnerIndex()
    for service in Int64(1)...3 { index.put(service, to: 7) }
    #expect(index[7] == [3, 2, 1])
    index.put(2, to: 8)
    index.put(2, to: 7)
    #expect(index[7] == [2, 3, 1])
    index.put(1, to: 7)
    #expect(index[7] == [2, 3, 1])
    #expect(index[8] == [])
  }
}
