import LiaisonKit

/// Which calls have a line, and where it goes.
struct RequestLogOptions {
  /// The file, as the configuration names it.
  let file: String
  /// One call in that many is logged; those that fail or are slow always are.
  let sample: Int
  /// How many bytes may wait for the disk.
  let buffer: Int
  /// From this on a call is slow.
  let slow: Duration
  /// Whether lines carry `customer_id`.
  let showsCustomers: Bool
  /// The operations that have no lines.
  let skipped: Set<Operation>

  init(_ section: ConfigurationSection) throws(ConfigurationError) {
    guard let file = try section.string("file"), !file.isEmpty else {
      throw section.error("file", "must be the path of the file that lines are appended to")
    }
    self.file = file
    sample = try section.integer("sample", in: 1...1_000_000, default: 1)
    buffer = try section.integer("buffer", in: 4096...(1 << 30), default: 1 << 20)
    slow = try section.duration("slow", default: .milliseconds(500))
    showsCustomers = try section.bool("customers", default: false)
    var skipped: Set<Operation> = []
    for word in try section.strings("skip") ?? [] {
      guard let operation = Operation(rawValue: word) else {
        let known = Operation.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        throw section.error("skip", "names an unknown operation \"\(word)\"; known: \(known)")
      }
      skipped.insert(operation)
    }
    self.skipped = skipped
  }

  /// For how many calls the line of this one stands; 0 for no line.
  func weight(of number: UInt64, status: Int, duration: Duration) -> Int {
    if status >= 400 || duration >= slow { return 1 }
    // Numbers follow one another: taken by themselves, every other call of a client that does two things in turn would
    // be the same thing. The last step mixes their low bits.
    var mixed = number &* 0x9E37_79B9_7F4A_7C15
    mixed ^= mixed >> 32
    return mixed % UInt64(sample) == 0 ? sample : 0
  }
}
