/// A column of a batch: one array parameter, in the server's binary form.
struct PostgresArray {
  /// What an array may hold; the numbers are the server's own.
  enum Element: UInt32 {
    case integer = 20
    case text = 25

    /// The type as statements name it.
    var name: String { self == .integer ? "bigint" : "text" }
  }

  /// Dimensions, whether there are NULLs, the type; then the number of elements and the first index.
  private static let headSize = 20
  private var bytes: [UInt8]
  private(set) var count = 0

  /// - Parameter capacity: how many bytes it will have, as far as is known.
  init(of element: Element, capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(Self.headSize + capacity)
    for number in [1, 1, element.rawValue, 0, 1] as [UInt32] { appendInteger(number) }
  }

  mutating func append(_ value: Int64?) {
    count += 1
    guard let value else { return appendSize(-1) }
    appendSize(8)
    appendInteger(UInt64(bitPattern: value))
  }

  mutating func append(_ text: String?) {
    guard var text = text.map(PostgresText.escaped) else {
      count += 1
      return appendSize(-1)
    }
    text.withUTF8 { append(utf8: $0) }
  }

  mutating func append(utf8 text: [UInt8]) { text.withUnsafeBufferPointer { append(utf8: $0) } }

  private mutating func append(utf8 text: UnsafeBufferPointer<UInt8>) {
    count += 1
    appendSize(Int32(text.count))
    bytes.append(contentsOf: text)
  }

  private mutating func appendSize(_ size: Int32) { appendInteger(UInt32(bitPattern: size)) }

  private mutating func appendInteger(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// The whole array.
  consuming func finish() -> [UInt8] {
    guard count > 0 else {
      // No dimension at all.
      return [0, 0, 0, 0, 0, 0, 0, 0] + bytes[8..<12]
    }
    for (place, byte) in Self.bigEndian(UInt32(count)).enumerated() { bytes[12 + place] = byte }
    return bytes
  }

  static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}
