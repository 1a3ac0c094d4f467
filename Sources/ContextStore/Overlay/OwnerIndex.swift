/// Which services belong to an owner: chains through one array, as an array for each of so many owners would cost several
/// times as much. A service that moves is taken out of its former owner's chain at once, so that no call ever waits for
/// a clean-up.
struct OwnerIndex {
  private struct Link {
    var service: Int64
    var owner: Int64
    /// The places of the owner's links beside it; -1 where the chain ends.
    var newer: Int32
    var older: Int32
  }

  /// The place of an owner's newest link.
  private var newest = NumberMap<Int32>(filler: -1)
  /// The place of a service's link.
  private var places = NumberMap<Int32>(filler: -1)
  private var links: [Link] = []

  /// How many owners have a service.
  var ownerCount: Int { newest.count }

  /// A service belongs to an owner, named by its hash, from now on.
  mutating func put(_ service: Int64, to owner: UInt64) {
    let owner = Self.number(owner)
    let place: Int32
    if let former = places[service] {
      guard links[Int(former)].owner != owner else { return }
      place = former
      unlink(place)
    } else {
      place = Int32(links.count)
      places.set(service, place)
      links.append(Link(service: service, owner: owner, newer: -1, older: -1))
    }
    let older = newest.set(owner, place) ?? -1
    links[Int(place)] = Link(service: service, owner: owner, newer: -1, older: older)
    if older >= 0 { links[Int(older)].newer = place }
  }

  private mutating func unlink(_ place: Int32) {
    let link = links[Int(place)]
    if link.older >= 0 { links[Int(link.older)].newer = link.newer }
    if link.newer >= 0 {
      links[Int(link.newer)].older = link.older
    } else if link.older >= 0 {
      newest.set(link.owner, link.older)
    } else {
      newest.remove(link.owner)
    }
  }

  /// The services of an owner, the one that came last first.
  subscript(owner: UInt64) -> [Int64] {
    var services: [Int64] = []
    var place = newest[Self.number(owner)] ?? -1
    while place >= 0 {
      services.append(links[Int(place)].service)
      place = links[Int(place)].older
    }
    return services
  }

  /// The number 0 stands for no owner; that some hash is it is no more than another accident of hashing.
  private static func number(_ owner: UInt64) -> Int64 { Int64(bitPattern: max(owner, 1)) }
}
