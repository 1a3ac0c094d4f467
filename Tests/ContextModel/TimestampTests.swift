import ContextModel
import Foundation
import Testing
import TestSupport

@Suite struct TimestampTests {
  @Test func `random moments of all years read back as written, and as Foundation writes them`() throws {
    var numbers = SeededNumbers(seed: 1)
    let first = try #require(Timestamp("0001-01-01T00:00:00.000Z")).milliseconds
    let last = try #require(Timestamp("9999-12-31T23:59:59.999Z")).milliseconds
    for _ in 0..<20_000 {
      let moment = Timestamp(milliseconds: Int64.random(in: first...last, using: &numbers))
      #expect(Timestamp(moment.description) == moment)
      #expect(moment.description.utf8.count == 24)
    }
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let since1600 = try #require(Timestamp("1600-01-01T00:00:00Z")).milliseconds
    for _ in 0..<2000 {
      let seconds = Int64.random(in: since1600 / 1000...last / 1000, using: &numbers)
      let moment = Timestamp(milliseconds: seconds * 1000)
      #expect(moment.description == Date(timeIntervalSince1970: Double(seconds)).formatted(format))
    }
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00.000Z", 0), ("1969-12-31T23:59:59.999Z", -1),
      ("2009-05-12T12:05:12.145Z", 1_242_129_912_145),
      ("2000-02-29T00:00:00Z", 951_782_400_000), ("1900-03-01T00:00:00Z", -2_203_891_200_000),
      ("0001-01-01T00:00:00Z", -62_135_596_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ] as [(String, Int64)])
  func `known moments have their known distance from 1970`(_ text: String, _ milliseconds: Int64) {
    #expect(Timestamp(text)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000Z"),
    ("2026-11-23t10:00:00z", "2026-11-23T10:00:00.000Z"),
    ("2026-11-23T10:00:00.1Z", "2026-11-23T10:00:00.100Z"),
    ("2026-11-23T10:00:00.12Z", "2026-11-23T10:00:00.120Z"),
    ("2026-11-23T10:00:00.1239Z", "2026-11-23T10:00:00.123Z"),
    ("2026-11-23T10:00:00.999999999Z", "2026-11-23T10:00:00.999Z"),
    ("2026-11-23T10:00:00+01:30", "2026-11-23T08:30:00.000Z"),
    ("2026-11-23T10:00:00.5-01:30", "2026-11-23T11:30:00.500Z"),
    ("2026-11-23T10:00:00+00:00", "2026-11-23T10:00:00.000Z"),
    ("2026-11-23T10:00:00-23:59", "2026-11-24T09:59:00.000Z"),
    ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00.000Z"),
    ("2023-01-01T00:00:00+00:01", "2022-12-31T23:59:00.000Z"),
  ])
  func `fractions and offsets become UTC to the millisecond`(_ text: String, _ utc: String) {
    #expect(Timestamp(text)?.description == utc)
  }

  @Test(arguments: [
    "", "2026-11-23", "2026-11-23T10:00:00", "2026-11-23T10:00Z", "2026-11-23 10:00:00Z",
    "2026-11-23T10:00:00.Z",
    "2026-11-23T10:00:00.1234567890Z", "2026-11-23T10:00:00ZZ", "2026-11-23T10:00:00Z ",
    " 2026-11-23T10:00:00Z",
    "2026-11-23T10:00:00+0100", "2026-11-23T10:00:00+01", "2026-11-23T10:00:00+24:00",
    "2026-11-23T10:00:00+01:60",
    "2026-11-23T24:00:00Z", "2026-11-23T10:60:00Z", "2026-11-23T10:00:60Z", "2026-00-23T10:00:00Z",
    "2026-13-23T10:00:00Z",
    "2026-11-00T10:00:00Z", "2026-11-31T10:00:00Z", "2026-02-29T10:00:00Z", "1900-02-29T10:00:00Z",
    "2100-02-29T10:00:00Z",
    "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-2026-11-23T10:00:00Z", "2026-1-23T10:00:00Z",
    "٢٠٢٦-11-23T10:00:00Z",
    "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2026-11-23T10:00:00.1+", "20261123T100000Z",
    "now",
  ])
  func `anything else is no moment`(_ text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func `leap years are those of the Gregorian calendar`() {
    for year in [4, 1600, 1996, 2000, 2024, 2400] {
      #expect(
        Timestamp("\(String(repeating: "0", count: 4 - "\(year)".count))\(year)-02-29T00:00:00Z") != nil)
    }
    for year in ["0001", "1700", "1999", "2001", "2200", "2300"] {
      #expect(Timestamp("\(year)-02-29T00:00:00Z") == nil)
    }
  }

  @Test func `random text never crashes and what is read is written in its normal form`() {
    var numbers = SeededNumbers(seed: 2)
    let letters = Array("0123456789-:T.Z+")
    for _ in 0..<20_000 {
      var text = Array("2026-11-23T10:00:00.123+01:00")
      for _ in 0..<Int.random(in: 1...3, using: &numbers) {
        text[Int.random(in: 0..<text.count, using: &numbers)] = letters.randomElement(using: &numbers)!
      }
      guard let moment = Timestamp(String(text)) else { continue }
      #expect(Timestamp(moment.description) == moment)
    }
  }

  @Test func `later is greater`() throws {
    #expect(try #require(Timestamp("2026-11-23T10:00:00.001Z")) > #require(Timestamp("2026-11-23T10:00:00Z")))
  }
}
