/// The `Date` field as bytes, made anew when the second changes. Loop thread only; owns its memory.
final class DateField {
  private static let size = 37
  private let storage = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 1)
  private var second = Int64.min

  deinit { storage.deallocate() }

  /// The field for a time in milliseconds since 1970, with its line break. Valid until the next call.
  func bytes(_ milliseconds: Int64) -> UnsafeRawBufferPointer {
    let now = milliseconds / 1000
    if now != second {
      second = now
      write(now)
    }
    return UnsafeRawBufferPointer(start: storage, count: Self.size)
  }

  private func write(_ time: Int64) {
    let days = time / 86_400
    let seconds = Int(time % 86_400)
    let (year, month, day) = civil(days)
    let weekday = Int((days + 4) % 7)
    let names: StaticString = "SunMonTueWedThuFriSat"
    let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    var place = storage.put("Date: ")
    place = place.put(UnsafeRawBufferPointer(start: names.utf8Start + 3 * weekday, count: 3)).put(", ")
    place = two(place, day).put(" ")
    place = place.put(UnsafeRawBufferPointer(start: months.utf8Start + 3 * (month - 1), count: 3)).put(" ")
    place = two(two(place, year / 100), year % 100).put(" ")
    place = two(place, seconds / 3600).put(":")
    place = two(place, seconds / 60 % 60).put(":")
    place = two(place, seconds % 60).put(" GMT\r\n")
    assert(place - storage == Self.size)
  }

  private func two(_ place: UnsafeMutableRawPointer, _ value: Int) -> UnsafeMutableRawPointer {
    place.put(UInt8(48 + value / 10)).put(UInt8(48 + value % 10))
  }

  /// Days since 1970 as a date of the Gregorian calendar, by eras of 400 years that begin in March.
  private func civil(_ days: Int64) -> (year: Int, month: Int, day: Int) {
    let shifted = Int(days) + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }
}
