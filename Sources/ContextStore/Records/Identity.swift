import ContextModel

/// How values of an identification key stand in the name of a record, so that those that begin alike stand together.
enum Identity {
  private static let separator: Character = "\u{1E}"
  private static let nothing = "\u{1}"
  /// Behind everything that begins with the same values.
  private static let end = "\u{10FFFF}"

  /// The name of a record: the values, then the customer unless the key is unique.
  static func name(_ values: [String?], of customer: String, isUnique: Bool) -> String {
    isUnique && !values.contains(nil) ? prefix(values) : prefix(values) + customer
  }

  /// How all names begin that have these values first.
  static func prefix(_ values: [String?]) -> String {
    values.map { ($0.map(escaped) ?? nothing) + String(separator) }.joined()
  }

  /// The names from `prefix(values)` up to this one, excluded, are those that begin with the values.
  static func bound(_ values: [String?]) -> String { prefix(values) + end }

  /// What all names have in common that begin with the same value: a number below 0, under which the overlay knows them
  /// together.
  static func bucket(of name: String, key: Int64, tenant: Tenant) -> Int64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func take(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for number in [tenant.rawValue, key] {
      for shift in stride(from: 0, to: 64, by: 8) { take(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    for byte in name.utf8 {
      if byte == 0x1E { break }
      take(byte)
    }
    return -Int64(hash >> 2) - 1
  }

  /// Control characters would be taken for separators. What they are exactly is compared with the profile itself.
  private static func escaped(_ value: String) -> String {
    guard value.unicodeScalars.contains(where: { $0.value < 0x20 }) else { return value }
    return String(String.UnicodeScalarView(value.unicodeScalars.map { $0.value < 0x20 ? "\u{FFFD}" : $0 }))
  }
}
