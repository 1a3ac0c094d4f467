import Testing

@testable import ContextStore

struct OwnerIndexTests {
  @Test("a service that keeps moving is found under its newest owner, and does not fill the memory")
  func moving() {
    var numbers = SystemRandomNumberGenerator()
    var index = OwnerIndex()
    var owners: [Int64: UInt64] = [:]
    for _ in 0..<100_000 {
      let service = Int64.random(in: 1...3000, using: &numbers)
      let owner = UInt64.random(in: 0...500, using: &numbers)
      index.append(service, to: owner)
      owners[service] = owner
    }
    for (service, owner) in owners { #expect(index[owner].contains(service)) }
    #expect(index.count <= 2 * owners.count)
  }
}
