/// Counts of latencies in microseconds, in the manner of HdrHistogram: exact up to 255 µs, above that 128
/// steps for every doubling, so that a percentile is off by less than 0.8 %. Holds up to 2^27 µs (134 s);
/// longer ones count as that. Recording allocates nothing. Used by one thread.
struct Histogram {
  private static let exact = 256
  private static let steps = 128
  private static let doublings = 19
  private static let longest = (1 << 27) - 1

  private var counts = [UInt64](repeating: 0, count: exact + steps * doublings)
  /// How many latencies were recorded.
  private(set) var count: UInt64 = 0

  /// Records one latency, given in nanoseconds.
  @inline(__always)
  mutating func record(nanoseconds: UInt64) {
    record(microseconds: Int(truncatingIfNeeded: min(nanoseconds / 1000, UInt64(Self.longest))))
  }

  /// Records one latency.
  @inline(__always)
  mutating func record(microseconds: Int) {
    counts[Self.slot(min(max(microseconds, 0), Self.longest))] &+= 1
    count &+= 1
  }

  /// What both have recorded.
  static func + (first: Histogram, second: Histogram) -> Histogram {
    var sum = first
    for (slot, number) in second.counts.enumerated() { sum.counts[slot] &+= number }
    sum.count &+= second.count
    return sum
  }

  /// The latency, in microseconds, that a share of all recorded ones (0…1) did not exceed; 0 when there are
  /// none.
  func percentile(_ share: Double) -> Double {
    guard count > 0 else { return 0 }
    let wanted = max(1, UInt64((Double(count) * share).rounded(.up)))
    var seen: UInt64 = 0
    for (slot, number) in counts.enumerated() {
      seen += number
      if seen >= wanted { return Self.middle(slot) }
    }
    return Double(Self.longest)
  }

  @inline(__always)
  private static func slot(_ value: Int) -> Int {
    if value < exact { return value }
    let doubling = (Int.bitWidth - 1 - value.leadingZeroBitCount) - 8
    return exact + doubling * steps + (value >> (doubling + 1)) - steps
  }

  private static func middle(_ slot: Int) -> Double {
    if slot < exact { return Double(slot) }
    let doubling = (slot - exact) / steps
    let step = (slot - exact) % steps + steps
    let width = 1 << (doubling + 1)
    return Double(step * width) + Double(width - 1) / 2
  }
}
