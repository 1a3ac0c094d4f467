import Glibc

/// Bytes on their way to a socket: written at the end, sent from the front. Owns its memory. Loop thread only.
final class OutputBuffer {
  private var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private var start = 0
  private var end = 0

  static let initialCapacity = 8_192

  init() {
    capacity = Self.initialCapacity
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  var count: Int { end - start }
  var unsent: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: count) }

  func sent(_ bytes: Int) {
    start += bytes
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Lets `write` fill up to `size` bytes; it returns a pointer to the end of what it wrote.
  @inline(__always)
  func append(atMost size: Int, _ write: (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer) {
    if capacity - end < size { makeRoom(size) }
    let written = write(base + end) - (base + end)
    assert(written <= size, "an answer was larger than its estimate")
    end += written
  }

  func append(_ text: StaticString) {
    append(atMost: text.utf8CodeUnitCount) { $0.put(text) }
  }

  private func makeRoom(_ size: Int) {
    let needed = count + size
    var larger = capacity
    while larger < needed { larger *= 2 }
    // Moving down in place is worth it only when it gains much.
    if larger == capacity, start > capacity / 2 {
      memmove(base, base + start, count)
    } else {
      if larger == capacity { larger *= 2 }
      let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
      new.copyMemory(from: base + start, byteCount: count)
      base.deallocate()
      base = new
      capacity = larger
    }
    end -= start
    start = 0
  }
}

extension UnsafeMutableRawPointer {
  /// Writes here and returns the place behind it.
  @inline(__always) func put(_ text: StaticString) -> UnsafeMutableRawPointer {
    copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
    return self + text.utf8CodeUnitCount
  }

  @inline(__always) func put(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer {
    guard let start = bytes.baseAddress else { return self }
    copyMemory(from: start, byteCount: bytes.count)
    return self + bytes.count
  }

  @inline(__always) func put(_ byte: UInt8) -> UnsafeMutableRawPointer {
    storeBytes(of: byte, as: UInt8.self)
    return self + 1
  }

  /// In decimal digits.
  @inline(__always) func put(decimal value: Int) -> UnsafeMutableRawPointer {
    var digits = 1
    var rest = value / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    rest = value
    for index in stride(from: digits - 1, through: 0, by: -1) {
      storeBytes(of: UInt8(48 + rest % 10), toByteOffset: index, as: UInt8.self)
      rest /= 10
    }
    return self + digits
  }
}
