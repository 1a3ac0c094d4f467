/// Locations by service id: open addressing with linear probing, as a dictionary of so many small entries would cost
/// several times the memory and time. Ids are never removed.
struct ServiceMap {
  private struct Slot {
    /// 0 for a free slot.
    var id: Int64
    var location: Location
  }

  private var slots: [Slot]
  private var mask: Int
  private(set) var count = 0

  private static let free = Slot(id: 0, location: Location(segment: 0, offset: 0, size: 0))

  init() {
    slots = Array(repeating: Self.free, count: 64)
    mask = 63
  }

  /// Ids are mostly consecutive, and services that are used together were started together: a multiplication spreads
  /// them over the slots.
  private func place(of id: Int64) -> Int {
    var place = Int(truncatingIfNeeded: (UInt64(bitPattern: id) &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while slots[place].id != 0 && slots[place].id != id { place = (place + 1) & mask }
    return place
  }

  subscript(id: Int64) -> Location? {
    let slot = slots[place(of: id)]
    return slot.id == 0 ? nil : slot.location
  }

  mutating func set(_ id: Int64, _ location: Location) {
    if (count + 1) * 4 > slots.count * 3 { grow() }
    let place = place(of: id)
    if slots[place].id == 0 { count += 1 }
    slots[place] = Slot(id: id, location: location)
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Self.free, count: old.count * 2)
    mask = slots.count - 1
    for slot in old where slot.id != 0 { slots[place(of: slot.id)] = slot }
  }

  /// All ids with their locations, by ascending id.
  var sorted: [(id: Int64, location: Location)] {
    var all: [(id: Int64, location: Location)] = []
    all.reserveCapacity(count)
    for slot in slots where slot.id != 0 { all.append((slot.id, slot.location)) }
    all.sort { $0.id < $1.id }
    return all
  }
}
