/// The services that came to an owner, in chains: an array for each of so many owners would cost several times as much.
struct OwnerIndex {
  private struct Link {
    var service: Int64
    /// The place of the owner's next link; -1 behind the last one.
    var next: Int32
  }

  private var first = NumberMap<Int32>(filler: -1)
  private var links: [Link] = []
  /// With how many links the former owners of services are looked for again.
  private var bound = Self.smallestBound

  private static let smallestBound = 4096

  /// How many links there are.
  var count: Int { links.count }

  /// A service came to an owner, named by its hash.
  mutating func append(_ service: Int64, to owner: UInt64) {
    if links.count >= bound { forgetFormerOwners() }
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

  /// Keeps the newest link of each service: a service that goes from one to another all the time would fill the memory.
  private mutating func forgetFormerOwners() {
    var owners = [UInt64](repeating: 0, count: links.count)
    for (owner, last) in first.sorted {
      var place = last
      while place >= 0 {
        owners[Int(place)] = UInt64(bitPattern: owner)
        place = links[Int(place)].next
      }
    }
    var newest = NumberMap<Int32>(filler: -1)
    for place in links.indices { newest.set(links[place].service, Int32(place)) }
    let all = links
    links = []
    first.removeAll()
    for place in all.indices where newest[all[place].service] == Int32(place) {
      append(all[place].service, to: owners[place])
    }
    bound = max(Self.smallestBound, links.count * 2)
  }
}
