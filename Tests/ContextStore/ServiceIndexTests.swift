import Testing

@testable import ContextStore

struct ServiceIndexTests {
  private func location(_ offset: UInt32, _ flags: JournalFrame.Flags = .movesInIndexes) -> Location {
    Location(segment: 1, offset: offset, size: 1, flags: flags)
  }

  @Test
  func
    `services that keep moving are found under their newest owners alone, and owners without any fill no memory`()
  {
    var numbers = SystemRandomNumberGenerator()
    var index = ServiceIndex()
    var owners: [Int64: UInt64] = [:]
    for _ in 0..<100_000 {
      let service = Int64.random(in: 1...300, using: &numbers)
      let owner = UInt64.random(in: 0...500, using: &numbers)
      index.put(service, of: owner, at: location(1))
      owners[service] = owner
      // Both number the same owner.
      if owner == 0 { owners[service] = 1 }
    }
    let services = Dictionary(grouping: owners.keys) { owners[$0] }
    for owner in UInt64(1)...500 { #expect(Set(index.services(of: owner)) == Set(services[owner] ?? [])) }
    for owner in UInt64(1)...500 { #expect(index.services(of: owner).count == services[owner]?.count ?? 0) }
    #expect(index.ownerCount == services.count)
  }

  @Test func `the service that came last is the first of its owner`() {
    var index = ServiceIndex()
    for service in Int64(1)...3 { index.put(service, of: 7, at: location(1)) }
    #expect(index.services(of: 7) == [3, 2, 1])
    index.put(2, of: 8, at: location(1))
    index.put(2, of: 7, at: location(1))
    #expect(index.services(of: 7) == [2, 3, 1])
    index.put(1, of: 7, at: location(1))
    #expect(index.services(of: 7) == [2, 3, 1])
    #expect(index.services(of: 8) == [])
  }

  @Test func `it knows where each service stood last, as a dictionary does`() {
    var numbers = SystemRandomNumberGenerator()
    for range in [Int64(60), 2000, .max] {
      var index = ServiceIndex()
      var dictionary: [Int64: UInt32] = [:]
      for offset in UInt32(1)...20_000 {
        let service = Int64.random(in: 1...range, using: &numbers)
        if offset.isMultiple(of: 3) {
          index.remove(service, at: location(offset))
        } else {
          index.put(service, of: UInt64(offset % 9), at: location(offset))
        }
        dictionary[service] = offset
        #expect(index[service]?.offset == offset)
      }
      index.forgetOwners()
      #expect(index.count == dictionary.count)
      #expect(index.sorted.map(\.service) == dictionary.keys.sorted())
      for (service, location) in index.sorted { #expect(location.offset == dictionary[service]) }
      for service in Int64(1)...2000 { #expect(index[service]?.offset == dictionary[service]) }
    }
  }

  @Test func `a service that stays with its owner keeps its place in the list, and its flags`() {
    var index = ServiceIndex()
    for service in Int64(1)...2 { index.put(service, of: 7, at: location(1)) }
    index.put(1, of: 7, at: location(2, []))
    #expect(index.services(of: 7) == [2, 1])
    #expect(index[1]?.offset == 2)
    #expect(index[1]?.flags == .movesInIndexes)
  }
}
