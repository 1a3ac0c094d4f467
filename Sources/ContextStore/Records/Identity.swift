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

  /// Control characters would be taken for separators. What they are exactly is compared with the profile itself.
  private static func escaped(_ value: String) -> String {
    guard value.unicodeScalars.contains(where: { $0.value < 0x20 }) else { return value }
    return String(String.UnicodeScalarView(value.unicodeScalars.map { $0.value < 0x20 ? "\u{FFFD}" : $0 }))
  }
}
