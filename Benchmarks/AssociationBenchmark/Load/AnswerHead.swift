import Glibc

/// The little of an HTTP/1.1 answer's head that a load generator needs.
struct AnswerHead {
  /// Bytes of the head with its empty line, and of the body behind it.
  let length: Int
  let bodyLength: Int
  let status: Int

  /// Reads the head at the start of `bytes`: `nil` when it is not complete yet, an error when it is no answer
  /// that the generator understands (a known length is required; the servers measured here always send it).
  @inline(__always)
  init?(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count >= 16, let start = bytes.baseAddress else { return nil }
    guard memcmp(start, "HTTP/1.1 ", 9) == 0 else { throw Self.refused(bytes, "it is not HTTP/1.1") }

    var bodyLength = -1
    var line = 0
    while true {
      guard let newline = memchr(start + line, 10, bytes.count - line) else { return nil }
      let next = UnsafeRawPointer(newline) - start + 1
      if next - line == 2 {
        length = next
        break
      }
      if next - line > 17, bytes[line] | 0x20 == 99,
        strncasecmp((start + line).assumingMemoryBound(to: CChar.self), "content-length:", 15) == 0
      {
        bodyLength = Self.number(UnsafeRawBufferPointer(rebasing: bytes[(line + 15)..<next]))
      }
      line = next
    }
    guard bodyLength >= 0 else { throw Self.refused(bytes, "it has no Content-Length") }
    self.bodyLength = bodyLength
    status = Self.number(UnsafeRawBufferPointer(rebasing: bytes[9..<12]))
  }

  /// The decimal number in a field; other characters are passed over.
  @inline(__always)
  private static func number(_ text: UnsafeRawBufferPointer) -> Int {
    var value = 0
    for byte in text where byte >= 48 && byte <= 57 { value = value &* 10 &+ Int(byte) - 48 }
    return value
  }

  private static func refused(_ bytes: UnsafeRawBufferPointer, _ reason: String) -> BenchmarkError {
    .wrongAnswer("\(reason): " + String(decoding: bytes.prefix(300), as: UTF8.self))
  }
}
