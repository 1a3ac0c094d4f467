/// Bytes that grow at their end: where frames are put together. Owns its memory. One thread at a time.
///
/// Integers are little-endian; texts have their length before them.
final class JournalBuffer {
  private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
  /// How many bytes there are.
  private(set) var count = 0

  /// Memory beyond this many bytes is freed when the buffer is emptied: one large batch must not stay resident.
  private static let mostKept = 4 << 20

  deinit { memory.deallocate() }

  /// All bytes; valid until the next call that changes them.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  func removeAll() {
    count = 0
    guard memory.count > Self.mostKept else { return }
    memory.deallocate()
    memory = .allocate(byteCount: 64 << 10, alignment: 64)
  }

  private func reserve(_ more: Int) {
    guard count + more > memory.count else { return }
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(memory.count * 2, count + more), alignment: 64)
    larger.copyMemory(from: bytes)
    memory.deallocate()
    memory = larger
  }

  func append<Integer: FixedWidthInteger>(_ value: Integer) {
    reserve(MemoryLayout<Integer>.size)
    memory.storeBytes(of: value.littleEndian, toByteOffset: count, as: Integer.self)
    count += MemoryLayout<Integer>.size
  }

  /// Overwrites an integer that was appended before.
  func store<Integer: FixedWidthInteger>(_ value: Integer, at offset: Int) {
    memory.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Integer.self)
  }

  func append(text: UnsafeRawBufferPointer) {
    append(UInt32(text.count))
    reserve(text.count)
    UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: text)
    count += text.count
  }

  /// No text is another one than an empty text.
  func append(text: UnsafeRawBufferPointer?) {
    if let text { append(text: text) } else { append(UInt32.max) }
  }

  func append(text: [UInt8]) { text.withUnsafeBytes { append(text: $0) } }

  func append(text: String) {
    var text = text
    text.withUTF8 { append(text: UnsafeRawBufferPointer($0)) }
  }

  /// No text is another one than an empty text.
  func append(text: String?) {
    if let text { append(text: text) } else { append(UInt32.max) }
  }

  /// Appends zeros up to a multiple of `size`.
  func pad(to size: Int) {
    let missing = (size - count % size) % size
    reserve(missing)
    UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + missing])
      .initializeMemory(as: UInt8.self, repeating: 0)
    count += missing
  }
}
