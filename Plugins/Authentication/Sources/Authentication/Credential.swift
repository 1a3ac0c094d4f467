/// What a call says about who makes it: the value of its `Authorization` header, not copied.
enum Credential {
  /// `Bearer KEY`
  case bearer(key: UnsafeBufferPointer<UInt8>)
  /// `Basic BASE64`
  case basic(UnsafeBufferPointer<UInt8>)
  /// Any other scheme, or nothing behind the scheme.
  case unknown

  /// Reads a header's value; schemes are compared without case.
  init(_ value: UnsafeBufferPointer<UInt8>) {
    if let key = Self.text(behind: "bearer", in: value) {
      self = .bearer(key: key)
    } else if let text = Self.text(behind: "basic", in: value) {
      self = .basic(text)
    } else {
      self = .unknown
    }
  }

  private static func text(
    behind scheme: StaticString, in value: UnsafeBufferPointer<UInt8>
  ) -> UnsafeBufferPointer<UInt8>? {
    let length = scheme.utf8CodeUnitCount
    guard value.count > length + 1, value[length] == UInt8(ascii: " ") else { return nil }
    for position in 0..<length where value[position] | 0x20 != scheme.utf8Start[position] { return nil }
    var start = length + 1
    while start < value.count && value[start] == UInt8(ascii: " ") { start += 1 }
    var end = value.count
    while end > start && value[end - 1] == UInt8(ascii: " ") { end -= 1 }
    return start < end ? UnsafeBufferPointer(rebasing: value[start..<end]) : nil
  }
}
