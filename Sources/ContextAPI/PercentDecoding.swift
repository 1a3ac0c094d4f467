import ContextModel

/// Turns a segment of a path, or a query parameter's name or value, into a string.
///
/// - Parameter plusIsSpace: in a query, where forms and the URL libraries of most languages write a space so. In a path a
///   plus is a plus.
/// - Throws: 400 for a broken escape or bytes that are not UTF-8, naming the field.
func percentDecoded(
  _ bytes: UnsafeRawBufferPointer, field: String, plusIsSpace: Bool = false
) throws(ContextError) -> String {
  // Most segments have nothing to decode.
  if !bytes.contains(UInt8(ascii: "%")), !(plusIsSpace && bytes.contains(UInt8(ascii: "+"))) {
    return try validated(bytes, field: field)
  }
  var decoded: [UInt8] = []
  decoded.reserveCapacity(bytes.count)
  var index = 0
  while index < bytes.count {
    let byte = bytes[index]
    if byte == UInt8(ascii: "%") {
      guard index + 2 < bytes.count, let high = bytes[index + 1].hexDigit, let low = bytes[index + 2].hexDigit
      else {
        throw .badField(
          field, code: "bad_identifier",
          message: "\(field) holds a % that is not followed by two hex digits.",
          allowed: ["percent-encoded UTF-8"])
      }
      decoded.append(high << 4 | low)
      index += 3
    } else {
      decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      index += 1
    }
  }
  return try validated(decoded, field: field)
}

private func validated(_ bytes: some Collection<UInt8>, field: String) throws(ContextError) -> String {
  guard let string = String(validating: bytes, as: UTF8.self) else {
    throw .badField(
      field, code: "invalid_utf8", message: "\(field) is not UTF-8.", allowed: ["percent-encoded UTF-8"])
  }
  return string
}

extension UInt8 {
  fileprivate var hexDigit: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x41 + 10
    case 0x61...0x66: self - 0x61 + 10
    default: nil
    }
  }
}
