/// Values by numbers other than 0: open addressing with linear probing, as a dictionary of so many small entries costs
/// several times the memory and time.
struct NumberMap<Value> {
  private struct Slot {
    /// 0 for a free slot.
    var number: Int64
    var value: Value
  }

  private var slots: [Slot]
  private var mask: Int
  private(set) var count = 0
  /// What stands in free slots.
  private let filler: Value

  private static var smallest: Int { 64 }

  /// - Parameter filler: any value; it is never given out.
  init(filler: Value) {
    self.filler = filler
    slots = Array(repeating: Slot(number: 0, value: filler), count: Self.smallest)
    mask = Self.smallest - 1
  }

  /// Where the search for a number begins. Numbers are mostly consecutive, and what is used together was made together:
  /// a multiplication spreads them over the slots.
  private func start(of number: Int64) -> Int {
    Int(truncatingIfNeeded: (UInt64(bitPattern: number) &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
  }

  private func place(of number: Int64) -> Int {
    var place = start(of: number)
    while slots[place].number != 0 && slots[place].number != number { place = (place + 1) & mask }
    return place
  }

  subscript(number: Int64) -> Value? {
    let slot = slots[place(of: number)]
    return slot.number == 0 ? nil : slot.value
  }

  /// Sets the value of a number, and tells what it was before.
  @discardableResult
  mutating func set(_ number: Int64, _ value: Value) -> Value? {
    if (count + 1) * 8 > slots.count * 7 { grow() }
    let place = place(of: number)
    let former = slots[place].number == 0 ? nil : slots[place].value
    if former == nil { count += 1 }
    slots[place] = Slot(number: number, value: value)
    return former
  }

  /// Forgets a number, if it is there.
  mutating func remove(_ number: Int64) {
    var free = place(of: number)
    guard slots[free].number != 0 else { return }
    count -= 1
    // Whatever a search would not reach any more for the free slot in its way moves into it.
    var place = (free + 1) & mask
    while slots[place].number != 0 {
      if (place - start(of: slots[place].number)) & mask >= (place - free) & mask {
        slots[free] = slots[place]
        free = place
      }
      place = (place + 1) & mask
    }
    slots[free] = Slot(number: 0, value: filler)
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Slot(number: 0, value: filler), count: old.count * 2)
    mask = slots.count - 1
    for slot in old where slot.number != 0 { slots[place(of: slot.number)] = slot }
  }

  mutating func removeAll() {
    guard count > 0 else { return }
    // One large batch must not make every later one sweep as many slots.
    let size = slots.count > 8 * count ? Self.smallest : slots.count
    if size != slots.count {
      slots = Array(repeating: Slot(number: 0, value: filler), count: size)
      mask = size - 1
    } else {
      for place in slots.indices { slots[place] = Slot(number: 0, value: filler) }
    }
    count = 0
  }
}
