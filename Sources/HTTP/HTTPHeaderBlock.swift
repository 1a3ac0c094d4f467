/// The extra header fields of an answer, kept as the bytes that go on the wire.
///
/// The first `inlineCapacity` bytes need no allocation. Control characters in a value (a line break would end the
/// field) are replaced by spaces.
///
///     var headers = HTTPHeaderBlock()
///     headers.append("X-Request-Id", hexadecimal: 0x1f)
///     headers.append("Location", "/services/1500")
public struct HTTPHeaderBlock: Sendable {
  static let inlineCapacity = 120
  /// Both parts in order: `count` bytes here, then the overflow.
  var inline = InlineArray<120, UInt8>(repeating: 0)
  var inlineCount = 0
  var overflow: [UInt8] = []

  /// No fields.
  public init() {}

  /// How many bytes the fields take on the wire.
  public var byteCount: Int { inlineCount + overflow.count }

  /// Adds `name: value`.
  public mutating func append(_ name: StaticString, _ value: String) {
    var value = value
    value.withUTF8 { append(name, bytes: UnsafeRawBufferPointer($0)) }
  }

  /// Adds `name: value` for a name that is not known at compile time. A name that is no token is left out.
  public mutating func append(name: String, value: String) {
    var name = name
    var value = value
    name.withUTF8 { name in
      value.withUTF8 { append(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer($0)) }
    }
  }

  /// Adds `name: value` with the value's bytes.
  public mutating func append(_ name: StaticString, bytes value: UnsafeRawBufferPointer) {
    append(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), value)
  }

  /// Adds `name: value` with the number in decimal digits, inside quotes when asked (an `ETag`).
  public mutating func append(_ name: StaticString, decimal value: Int64, quoted: Bool = false) {
    withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { buffer in
      var start = buffer.count
      func put(_ byte: UInt8) {
        start -= 1
        buffer[start] = byte
      }
      if quoted { put(UInt8(ascii: "\"")) }
      var rest = value.magnitude
      repeat {
        put(UInt8(ascii: "0") + UInt8(rest % 10))
        rest /= 10
      } while rest > 0
      if value < 0 { put(UInt8(ascii: "-")) }
      if quoted { put(UInt8(ascii: "\"")) }
      append(name, bytes: UnsafeRawBufferPointer(rebasing: buffer[start...]))
    }
  }

  /// Adds `name: value` with the number as 16 hexadecimal digits.
  public mutating func append(_ name: StaticString, hexadecimal value: UInt64) {
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
      for index in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15
        buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
      }
      append(name, bytes: UnsafeRawBufferPointer(buffer))
    }
  }

  private mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    guard !name.isEmpty, name.allSatisfy(isTokenByte) else { return }
    let needed = name.count + value.count + 4
    guard overflow.isEmpty, inlineCount + needed <= Self.inlineCapacity else {
      overflow.append(contentsOf: name)
      overflow.append(contentsOf: [UInt8(ascii: ":"), UInt8(ascii: " ")])
      overflow.append(contentsOf: value.lazy.map(visible))
      overflow.append(contentsOf: [13, 10])
      return
    }
    let start = inlineCount
    withUnsafeMutableBytes(of: &inline) { bytes in
      let field = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + needed])
      field.copyMemory(from: name)
      field[name.count] = UInt8(ascii: ":")
      field[name.count + 1] = UInt8(ascii: " ")
      for index in 0..<value.count { field[name.count + 2 + index] = visible(value[index]) }
      field[needed - 2] = 13
      field[needed - 1] = 10
    }
    inlineCount += needed
  }
}

/// A byte that may stand in a field's value: control characters become spaces.
@inline(__always) private func visible(_ byte: UInt8) -> UInt8 {
  (byte < 32 && byte != 9) || byte == 127 ? 32 : byte
}

private func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
    return true
  default: return "!#$%&'*+^`|~".utf8.contains(byte)
  }
}
