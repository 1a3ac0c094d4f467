/// A moment in UTC, to the millisecond (API: "ISO 8601 with a precision of milliseconds").
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Milliseconds since 1970-01-01T00:00:00Z; negative before.
  public let milliseconds: Int64

  /// A moment by its distance from 1970, in milliseconds.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// What ``init(iso8601:)`` accepts, for messages.
  public static let format = "YYYY-MM-DDTHH:mm:ss[.SSS](Z|±HH:MM)"

  private static let millisecondsADay: Int64 = 86_400_000

  /// Reads `2009-05-12T12:05:12.145Z`; the fraction may be missing or have up to 9 digits (cut to milliseconds),
  /// an offset may stand for `Z`. `nil` for anything else, dates that do not exist included. Years 0001…9999.
  public init?(iso8601 text: UnsafeBufferPointer<UInt8>) {
    var reader = DigitReader(text: text)
    guard let year = reader.number(4), year >= 1, reader.skip("-"),
      let month = reader.number(2), (1...12).contains(month), reader.skip("-"),
      let day = reader.number(2), day >= 1, day <= Self.days(inMonth: month, year: year),
      reader.skip("T") || reader.skip("t"),
      let hour = reader.number(2), hour <= 23, reader.skip(":"),
      let minute = reader.number(2), minute <= 59, reader.skip(":"),
      let second = reader.number(2), second <= 59
    else { return nil }
    var millisecond: Int64 = 0
    if reader.skip(".") {
      guard let fraction = reader.fraction() else { return nil }
      millisecond = fraction
    }
    var offset: Int64 = 0
    if !(reader.skip("Z") || reader.skip("z")) {
      let east = reader.skip("+")
      guard east || reader.skip("-"), let hours = reader.number(2), hours <= 23, reader.skip(":"),
        let minutes = reader.number(2), minutes <= 59
      else { return nil }
      offset = (east ? 1 : -1) * (hours * 60 + minutes)
    }
    guard reader.isAtEnd else { return nil }
    let minutes = (Self.daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset
    self.milliseconds = (minutes * 60 + second) * 1000 + millisecond
    // An offset may carry the moment out of the years that can be written.
    guard self >= Self.earliest, self <= Self.latest else { return nil }
  }

  /// Reads a string, see ``init(iso8601:)-swift.init``.
  public init?(_ text: String) {
    var text = text
    guard let timestamp = text.withUTF8({ Timestamp(iso8601: $0) }) else { return nil }
    self = timestamp
  }

  private static let earliest = Timestamp(milliseconds: daysSince1970(1, 1, 1) * millisecondsADay)
  /// The end of the year 9999: later moments cannot be written.
  static let latest = Timestamp(milliseconds: daysSince1970(10000, 1, 1) * millisecondsADay - 1)

  /// `2009-05-12T12:05:12.145Z`.
  public var description: String {
    String(unsafeUninitializedCapacity: 24) { buffer in
      write(into: buffer)
      return 24
    }
  }

  /// Writes the 24 bytes of ``description``.
  func write(into buffer: UnsafeMutableBufferPointer<UInt8>) {
    var days = milliseconds / Self.millisecondsADay
    var rest = milliseconds % Self.millisecondsADay
    if rest < 0 {
      rest += Self.millisecondsADay
      days -= 1
    }
    let (year, month, day) = Self.date(daysSince1970: days)
    func put(_ value: Int64, _ count: Int, at start: Int) {
      var value = value
      for position in (start..<start + count).reversed() {
        buffer[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
        value /= 10
      }
    }
    put(year, 4, at: 0)
    put(month, 2, at: 5)
    put(day, 2, at: 8)
    put(rest / 3_600_000, 2, at: 11)
    put(rest / 60_000 % 60, 2, at: 14)
    put(rest / 1000 % 60, 2, at: 17)
    put(rest % 1000, 3, at: 20)
    buffer[4] = UInt8(ascii: "-")
    buffer[7] = UInt8(ascii: "-")
    buffer[10] = UInt8(ascii: "T")
    buffer[13] = UInt8(ascii: ":")
    buffer[16] = UInt8(ascii: ":")
    buffer[19] = UInt8(ascii: ".")
    buffer[23] = UInt8(ascii: "Z")
  }

  /// Earlier is less.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  // Both directions of the proleptic Gregorian calendar, counted in years that begin in March.
  private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let days = days + 719_468
    let era = days / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  private static func days(inMonth month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// Reads fixed-width decimal numbers from ASCII.
private struct DigitReader {
  let text: UnsafeBufferPointer<UInt8>
  var position = 0

  var isAtEnd: Bool { position == text.count }

  mutating func number(_ digits: Int) -> Int64? {
    guard position + digits <= text.count else { return nil }
    var value: Int64 = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// One to nine digits after the point, as whole milliseconds.
  mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var count = 0
    while count < 10, let digit = digit() {
      if count < 3 { value = value * 10 + digit }
      count += 1
    }
    guard (1...9).contains(count) else { return nil }
    for _ in min(count, 3)..<3 { value *= 10 }
    return value
  }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func digit() -> Int64? {
    guard position < text.count, case let byte = text[position], byte >= 0x30, byte <= 0x39 else {
      return nil
    }
    position += 1
    return Int64(byte - 0x30)
  }
}
