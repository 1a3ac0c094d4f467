import Glibc

/// The bytes of a request that has not arrived completely. Takes no memory while it is empty. Owns its memory.
/// Loop thread only.
struct InputBuffer: ~Copyable {
  private(set) var base: UnsafeMutableRawPointer?
  private var capacity = 0
  /// Bytes in the buffer.
  private(set) var count = 0
  /// How many of them the parser has seen.
  private(set) var parsed = 0

  /// What a body's reader may read beyond its end.
  static let padding = 64
  /// The least that one read asks for.
  static let leastRead = 4_096

  init() {}

  deinit { base?.deallocate() }

  /// Room for reading behind the bytes that are there, at least `wanted` bytes of it.
  mutating func room(_ wanted: Int) -> UnsafeMutableRawBufferPointer {
    let needed = count + max(wanted, Self.leastRead) + Self.padding
    if capacity < needed { grow(max(needed, wanted > Self.leastRead ? 0 : 2 * capacity)) }
    return UnsafeMutableRawBufferPointer(start: base! + count, count: capacity - count - Self.padding)
  }

  mutating func received(_ bytes: Int) { count += bytes }

  /// Keeps `bytes` (which may lie in this buffer) and lets go of everything else.
  mutating func keep(_ bytes: UnsafeRawBufferPointer, parsed: Int) {
    self.parsed = parsed
    guard !bytes.isEmpty else {
      base?.deallocate()
      base = nil
      capacity = 0
      count = 0
      return
    }
    if capacity < bytes.count + Self.padding {
      // Only bytes from elsewhere can be more than fit.
      count = 0
      grow(bytes.count + Self.padding)
    }
    memmove(base!, bytes.baseAddress!, bytes.count)
    count = bytes.count
  }

  private mutating func grow(_ size: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    if let base {
      larger.copyMemory(from: base, byteCount: count)
      base.deallocate()
    }
    base = larger
    capacity = size
  }
}
