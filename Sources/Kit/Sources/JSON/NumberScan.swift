/// Tells why simdjson refused a number, which it does not say: because it is none, or because it is too large.
struct NumberScan {
  private let text: UnsafeRawBufferPointer
  private var position = 0

  /// - Parameter text: one that was refused for a number. Only needed during the scan.
  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  /// What is wrong with the text: the first number that is none, or else the first that is too large.
  mutating func error() -> JSONError {
    var depth = 0
    var lastString = 0..<0
    var member = 0..<0
    var tooLarge: JSONError?
    while let byte = current {
      let start = position
      switch byte {
      case UInt8(ascii: "\""):
        skipString()
        lastString = start..<min(position, text.count)
        continue
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        guard skipNumber() else { return .malformed }
        if tooLarge == nil, isTooLarge(start..<position) {
          tooLarge = .numberOutOfRange(member: name(member))
        }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ":") where depth == 1: member = lastString
      default: break
      }
      position += 1
    }
    return tooLarge ?? .malformed
  }

  private func isTooLarge(_ range: Range<Int>) -> Bool {
    let digits = String(decoding: text[range], as: UTF8.self)
    if digits.contains(where: { ".eE".contains($0) }) { return Double(digits).map { !$0.isFinite } ?? true }
    return Int64(digits) == nil && UInt64(digits) == nil
  }

  /// The name whose quoted form stands there; `nil` outside of objects and for what cannot be read.
  private func name(_ quoted: Range<Int>) -> String? {
    guard !quoted.isEmpty else { return nil }
    return try? JSONParser().parse(Array(text[quoted])).root.string
  }

  private var current: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipString() {
    position += 1
    while let byte = current, byte != UInt8(ascii: "\"") { position += byte == UInt8(ascii: "\\") ? 2 : 1 }
    position += 1
  }

  private mutating func skipNumber() -> Bool {
    _ = skip("-")
    if !skip("0") { guard skipDigits() else { return false } }
    if skip(".") { guard skipDigits() else { return false } }
    if skip("e") || skip("E") {
      _ = skip("+") || skip("-")
      guard skipDigits() else { return false }
    }
    switch current {
    case nil, 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): return true
    default: return false
    }
  }

  private mutating func skipDigits() -> Bool {
    let start = position
    while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
    return position > start
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }
}
