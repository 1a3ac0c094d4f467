import ContextModel

/// Which of a cluster's 16,384 slots a key belongs to: CRC-16/XMODEM of the key.
enum ClusterSlot {
  static let count = 16_384

  /// The epoch's, and that of all keys with its hash tag.
  static let epoch = of("liaison:epoch".utf8)

  /// An entry's.
  static func of(_ id: ServiceID) -> Int { of("liaison:service:\(id.rawValue)".utf8) }

  /// A key's that has no braces.
  static func of(_ key: some Sequence<UInt8>) -> Int {
    var remainder: UInt16 = 0
    for byte in key {
      remainder = remainder << 8 ^ table[Int(UInt8(truncatingIfNeeded: remainder >> 8) ^ byte)]
    }
    return Int(remainder) % count
  }

  private static let table: [UInt16] = (0..<256).map { byte in
    (0..<8).reduce(UInt16(byte) << 8) { value, _ in value & 0x8000 == 0 ? value << 1 : value << 1 ^ 0x1021 }
  }
}

/// Which master has which slots, as a node of the cluster tells.
struct ClusterMap: Sendable {
  private(set) var ranges: [(slots: ClosedRange<Int>, master: RedisAddress)] = []

  /// Reads the answer to `CLUSTER SLOTS`; `nil` if it is none.
  ///
  /// - Parameter asked: who answers; a node that does not know its own name leaves it out.
  init?(_ reply: RedisReply, from asked: RedisAddress) {
    guard reply.isArray else { return nil }
    for index in 0..<reply.count {
      guard let range = reply[index], let first = range[0]?.integer, let last = range[1]?.integer,
        let port = range[2]?[1]?.integer, first >= 0, first <= last, last < ClusterSlot.count
      else { return nil }
      var host = range[2]?[0]?.text ?? ""
      if host.isEmpty, case .tcp(let own, _) = asked { host = own }
      ranges.append((Int(first)...Int(last), .tcp(host: host, port: Int(port))))
    }
    guard !ranges.isEmpty else { return nil }
  }
}

/// Where a node of a cluster sends a command instead of taking it.
struct ClusterRedirection: Sendable {
  let slot: Int
  let address: RedisAddress
  /// Only this command, as the slot is on its way there; otherwise all that follow as well.
  let isOnce: Bool

  /// Reads `MOVED 3999 127.0.0.1:6381` or `ASK 3999 127.0.0.1:6381`; `nil` for every other error.
  init?(_ error: String) {
    let words = error.split(separator: " ")
    guard words.count >= 3, words[0] == "MOVED" || words[0] == "ASK", let slot = Int(words[1]),
      (0..<ClusterSlot.count).contains(slot), let colon = words[2].lastIndex(of: ":"),
      let port = Int(words[2][words[2].index(after: colon)...]), (1...65_535).contains(port),
      colon > words[2].startIndex
    else { return nil }
    self.slot = slot
    address = .tcp(host: String(words[2][..<colon]), port: port)
    isOnce = words[0] == "ASK"
  }
}
