import Glibc

/// A fixed piece of a request. Its memory is never freed: pieces live as long as the process.
struct Bytes: @unchecked Sendable {
  let start: UnsafeRawPointer
  let count: Int

  init(_ text: String) {
    let copy = UnsafeMutableRawPointer.allocate(byteCount: max(text.utf8.count, 1), alignment: 1)
    copy.copyMemory(from: Array(text.utf8), byteCount: text.utf8.count)
    start = UnsafeRawPointer(copy)
    count = text.utf8.count
  }
}

/// Writes a request piece by piece into memory that the caller owns and has made large enough.
struct RequestWriter {
  private let start: UnsafeMutableRawPointer
  private(set) var count = 0

  init(_ start: UnsafeMutableRawPointer) { self.start = start }

  @inline(__always)
  mutating func write(_ bytes: Bytes) {
    memcpy(start + count, bytes.start, bytes.count)
    count += bytes.count
  }

  /// Writes a number with exactly `digits` digits.
  @inline(__always)
  mutating func write(_ value: UInt64, digits: Int) {
    var rest = value
    for place in stride(from: digits - 1, through: 0, by: -1) {
      (start + count + place).storeBytes(of: UInt8(48 + rest % 10), as: UInt8.self)
      rest /= 10
    }
    count += digits
  }

  /// Writes a number without leading zeros.
  @inline(__always)
  mutating func write(_ value: UInt64) {
    var digits = 1
    var bound: UInt64 = 10
    while value >= bound && digits < 19 {
      digits += 1
      bound *= 10
    }
    write(value, digits: digits)
  }
}
