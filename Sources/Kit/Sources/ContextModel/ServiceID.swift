/// The number of a service: made by the server, positive and below 2^53 so that every JSON client holds it exactly.
public struct ServiceID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// 1…9,007,199,254,740,991.
  public let rawValue: Int64

  /// The largest id.
  public static let maximum: Int64 = (1 << 53) - 1

  /// An id; `nil` if out of range.
  public init?(_ rawValue: Int64) {
    guard rawValue >= 1, rawValue <= Self.maximum else { return nil }
    self.rawValue = rawValue
  }

  /// An id from decimal digits, as in a path; `nil` for anything but digits and for values out of range.
  public init?(digits: some Collection<UInt8>) {
    guard !digits.isEmpty, digits.count <= 16 else { return nil }
    var value: Int64 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    self.init(value)
  }

  /// The decimal digits.
  public var description: String { String(rawValue) }

  /// By number, which is by start.
  public static func < (left: ServiceID, right: ServiceID) -> Bool { left.rawValue < right.rawValue }
}
