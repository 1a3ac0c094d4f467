/// The services that came to an owner, in chains: an array for each of so many owners would cost several times as much.
struct OwnerIndex {
  private struct Link {
    var service: Int64
    /// The place of the owner's next link; -1 behind the last one.
    var next: Int32
  }

  private var first = NumberMap<Int32>(filler: -1)
  private var links: [Link] = []

  /// A service came to an owner, named by its hash.
  mutating func append(_ service: Int64, to owner: UInt64) {
    let place = Int32(links.count)
    // The number 0 stands for no owner; that some hash is it is no more than another accident of hashing.
    let former = first.set(Int64(bitPattern: max(owner, 1)), place)
    links.append(Link(service: service, next: former ?? -1))
  }

  /// The services of an owner, the newest first; some may stand in it twice.
  subscript(owner: UInt64) -> [Int64] {
    var services: [Int64] = []
    var place = first[Int64(bitPattern: max(owner, 1))] ?? -1
    while place >= 0 {
      services.append(links[Int(place)].service)
      place = links[Int(place)].next
    }
    return services
  }
}
