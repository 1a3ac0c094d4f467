/// The number of a state or a task inside its service: counted from 1, made by the server, never given twice.
public struct PartID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// 1…2,147,483,647.
  public let rawValue: Int32

  /// What an id is, for messages.
  static let requirement = "an integer from 1 to \(Int32.max)"

  /// An id; `nil` if out of range.
  public init?(_ rawValue: Int64) {
    guard rawValue >= 1, let value = Int32(exactly: rawValue) else { return nil }
    self.rawValue = value
  }

  /// An id from decimal digits, as in a path; `nil` for anything but digits and for values out of range.
  public init?(digits: some Collection<UInt8>) {
    guard let id = ServiceID(digits: digits) else { return nil }
    self.init(id.rawValue)
  }

  /// The decimal digits.
  public var description: String { String(rawValue) }

  /// By number, which is by start.
  public static func < (left: PartID, right: PartID) -> Bool { left.rawValue < right.rawValue }
}
