/// A user's name and password as HTTP Basic sends them: `base64(name ":" password)`, UTF-8.
struct BasicCredential: Sendable {
  /// The name, up to the first colon. Bytes, because names are the same only if their bytes are.
  let user: [UInt8]
  /// The password; no NUL in it.
  let password: [UInt8]

  /// Reads what stands behind `Basic`; `nil` if it is not base64, has no colon, or has a NUL in it.
  init?(base64 text: UnsafeBufferPointer<UInt8>) {
    guard let bytes = Self.decode(text), !bytes.contains(0),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    user = Array(bytes[..<colon])
    password = Array(bytes[(colon + 1)...])
  }

  private static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var digits = text[...]
    for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
    // One digit alone holds no byte.
    guard digits.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count * 3 / 4)
    var bits: UInt32 = 0
    var count = 0
    for digit in digits {
      guard let value = value(of: digit) else { return nil }
      bits = bits << 6 | value
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }

  private static func value(of digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
