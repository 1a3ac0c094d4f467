public import JSON
import Glibc

extension AttributeSchema {
  /// What a value of this attribute must be, for messages.
  public var requirement: String {
    switch type {
    case .string: "a string of at most \(length ?? Self.longestString) characters"
    case .integer: "an integer from \(Int32.min) to \(Int32.max)"
    case .long: "an integer from \(Int64.min) to \(Int64.max)"
    case .double: "a number"
    case .date: "a string YYYY-MM-DD"
    case .datetime: "a string \(Timestamp.format)"
    case .currency: "a decimal number with at most 4 digits behind the point"
    case .boolean: "true or false"
    }
  }

  /// Whether a value is one of this attribute.
  public func accepts(_ value: JSONValue) -> Bool {
    switch type {
    case .string:
      let longest = length ?? Self.longestString
      return value.withUTF8 { $0.count <= longest || $0.scalarCount <= longest } ?? false
    case .integer: return value.int64.map { Int32(exactly: $0) != nil } ?? false
    case .long: return value.int64 != nil
    case .double: return value.double != nil
    case .date:
      return value.string.map { $0.utf8.count == 10 && Timestamp($0 + "T00:00:00Z") != nil } ?? false
    case .datetime: return (value.withUTF8 { Timestamp(iso8601: $0) } ?? nil) != nil
    case .currency: return Self.isAmount(value)
    case .boolean: return value.bool != nil
    }
  }

  static func isAmount(_ value: JSONValue) -> Bool {
    if let text = value.string {
      let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
      let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
      guard (1...2).contains(parts.count), (1...15).contains(parts[0].count) else { return false }
      guard parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return false }
      return parts.count == 1 || (1...4).contains(parts[1].count)
    }
    guard let number = value.double else { return false }
    let scaled = number * 10_000
    // A double that was written with four digits is within its rounding of a whole number of ten-thousandths.
    return abs(number) < 1e15 && abs(scaled - scaled.rounded()) <= max(1e-6, abs(scaled) * 1e-15)
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// How many characters valid UTF-8 has: bytes that continue none.
  fileprivate var scalarCount: Int { reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }
}
