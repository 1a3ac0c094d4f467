/// Text as the server can keep it. PostgreSQL has no place for U+0000, which is data like any other character here: it
/// stands as U+10FFFE `0`, and U+10FFFE itself, which is no character, as U+10FFFE `1`.
enum PostgresText {
  private static let mark: Unicode.Scalar = "\u{10FFFE}"
  /// The first byte of the mark in UTF-8; hardly any text has it.
  private static let firstByte: UInt8 = 0xF4

  static func escaped(_ text: String) -> String {
    var text = text
    guard text.withUTF8({ $0.contains { $0 == 0 || $0 == firstByte } }) else { return text }
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\0":
        escaped.append(mark)
        escaped.append("0")
      case mark:
        escaped.append(mark)
        escaped.append("1")
      default: escaped.append(scalar)
      }
    }
    return String(escaped)
  }

  static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    guard bytes.contains(firstByte) else { return text }
    var plain = String.UnicodeScalarView()
    var isMarked = false
    for scalar in text.unicodeScalars {
      if isMarked {
        plain.append(scalar == "0" ? "\0" : mark)
        isMarked = false
      } else if scalar == mark {
        isMarked = true
      } else {
        plain.append(scalar)
      }
    }
    return String(plain)
  }
}
