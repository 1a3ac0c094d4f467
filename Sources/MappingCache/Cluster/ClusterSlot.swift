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
