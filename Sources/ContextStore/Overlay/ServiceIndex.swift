/// Where the newest state of each service stands, and which services came to an owner: a dictionary of so many small entries, or an
/// array for each of so many owners, would cost several times the memory and time. A service that moves is taken out of its
/// former owner's chain at once, so that no call ever waits for a clean-up.
struct ServiceIndex {
  private struct Link {
    /// 0 for a service that is in no chain.
    var owner: Int64 = 0
    /// The places of the owner's services beside it; -1 where the chain ends.
    var newer: Int32 = -1
    var older: Int32 = -1
  }

  /// In the order in which they came.
  private var entries: [(service: Int64, location: Location)] = []
  /// At the places of their entries.
  private var links: [Link] = []
  /// The place of an owner's newest service.
  private var newest = NumberMap<Int32>(filler: -1)
  /// Open addressing with linear probing. The lower half of a slot is 1 more than an entry's place, the upper one so much of the
  /// service's hash that others' entries are not looked at. 0 is free.
  private var slots = [UInt64](repeating: 0, count: 64)

  /// How many services.
  var count: Int { entries.count }

  /// How many owners have a service.
  var ownerCount: Int { newest.count }

  /// Where a service stands; `nil` for one that is not known.
  subscript(service: Int64) -> Location? {
    let slot = slots[slot(of: service)]
    return slot == 0 ? nil : entries[Self.place(slot)].location
  }

  /// All services with their locations, by ascending number.
  var sorted: [(service: Int64, location: Location)] { entries.sorted { $0.service < $1.service } }

  /// The newest state of a service stands at a location. Its flags are those of all states that were put.
  ///
  /// - Parameter owner: a hash; whose the service is from now on.
  mutating func put(_ service: Int64, of owner: UInt64, at location: Location) {
    let (place, isNew) = place(for: service, at: location)
    if !isNew {
      let former = entries[place].location.flags
      entries[place].location = location
      entries[place].location.flags.formUnion(former)
      guard location.flags.contains(.movesInIndexes) else { return }
    }
    link(place, to: Self.number(owner))
  }

  /// A service was removed; a location tells so. Its owner still finds it here.
  mutating func remove(_ service: Int64, at location: Location) {
    let (place, isNew) = place(for: service, at: location)
    if !isNew { entries[place].location = location }
  }

  /// The services of an owner, the one that came last first.
  func services(of owner: UInt64) -> [Int64] {
    var services: [Int64] = []
    var place = newest[Self.number(owner)] ?? -1
    while place >= 0 {
      services.append(entries[Int(place)].service)
      place = links[Int(place)].older
    }
    return services
  }

  /// Keeps where services stand, and nothing else; none is put or removed any more.
  mutating func forgetOwners() {
    links = []
    newest = NumberMap(filler: -1)
  }

  // MARK: Owners

  /// The number 0 stands for no owner; that some hash is it is no more than another accident of hashing.
  private static func number(_ owner: UInt64) -> Int64 { Int64(bitPattern: max(owner, 1)) }

  private mutating func link(_ place: Int, to owner: Int64) {
    guard links[place].owner != owner else { return }
    unlink(links[place])
    let older = newest.set(owner, Int32(place)) ?? -1
    links[place] = Link(owner: owner, newer: -1, older: older)
    if older >= 0 { links[Int(older)].newer = Int32(place) }
  }

  private mutating func unlink(_ link: Link) {
    guard link.owner != 0 else { return }
    if link.older >= 0 { links[Int(link.older)].newer = link.newer }
    if link.newer >= 0 {
      links[Int(link.newer)].older = link.older
    } else if link.older >= 0 {
      newest.set(link.owner, link.older)
    } else {
      newest.remove(link.owner)
    }
  }

  // MARK: Places

  /// Numbers are mostly consecutive, and what is used together was made together: a multiplication spreads them.
  private static func hash(_ service: Int64) -> UInt64 {
    UInt64(bitPattern: service) &* 0x9E37_79B9_7F4A_7C15
  }

  /// What stands in the slot of a service whose entry has a place.
  private static func slot(_ service: Int64, _ place: Int) -> UInt64 {
    hash(service) << 32 | UInt64(place + 1)
  }

  private static func place(_ slot: UInt64) -> Int { Int(slot & 0xFFFF_FFFF) - 1 }

  /// The slot of a service, or the free one where it belongs.
  private func slot(of service: Int64) -> Int {
    let hash = Self.hash(service)
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: hash >> 32) & mask
    while slots[place] != 0 {
      let isLike = (slots[place] ^ hash << 32) >> 32 == 0
      if isLike, entries[Self.place(slots[place])].service == service { break }
      place = (place + 1) & mask
    }
    return place
  }

  /// The place of a service's entry, made with a location if there is none.
  private mutating func place(for service: Int64, at location: Location) -> (Int, isNew: Bool) {
    var slot = slot(of: service)
    if slots[slot] != 0 { return (Self.place(slots[slot]), false) }
    if (entries.count + 1) * 8 > slots.count * 7 {
      grow()
      slot = self.slot(of: service)
    }
    let place = entries.count
    entries.append((service, location))
    links.append(Link())
    slots[slot] = Self.slot(service, place)
    return (place, true)
  }

  private mutating func grow() {
    slots = [UInt64](repeating: 0, count: slots.count * 2)
    for (place, entry) in entries.enumerated() {
      slots[slot(of: entry.service)] = Self.slot(entry.service, place)
    }
  }
}
