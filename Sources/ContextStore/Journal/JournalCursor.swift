/// Reads what a ``JournalBuffer`` wrote, from its beginning to its end. The bytes are the caller's and must stay as long
/// as the cursor is used.
struct JournalCursor {
  private let bytes: UnsafeRawBufferPointer
  /// How far was read.
  private(set) var offset = 0
  /// Whether more was asked for than is there: everything read since is meaningless.
  private(set) var isDamaged = false

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) -> Integer {
    let size = MemoryLayout<Integer>.size
    guard bytes.count - offset >= size else {
      isDamaged = true
      return 0
    }
    defer { offset += size }
    return Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self))
  }

  mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer {
    guard bytes.count - offset >= count else {
      isDamaged = true
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// A text; where there is none, an empty one.
  mutating func text() -> UnsafeRawBufferPointer {
    optionalText() ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  mutating func optionalText() -> UnsafeRawBufferPointer? {
    let count = integer(UInt32.self)
    return count == .max ? nil : bytes(Int(count))
  }
}
