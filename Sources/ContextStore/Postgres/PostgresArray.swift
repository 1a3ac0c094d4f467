/// A column of a batch: one array parameter, in the server's binary form.
struct PostgresArray {
  /// What an array may hold; the numbers are the server's own.
  enum Element: UInt32 {
    case integer = 20
    case text = 25

    /// The type as statements name it.
    var name: String { self == .integer ? "bigint" : "text" }

    /// How many bytes an element has with its size, for a text those of a usual id.
    fileprivate var usualSize: Int { self == .integer ? 12 : 32 }
  }

  /// Dimensions, whether there are NULLs, the type; then the number of elements and the first index.
  private static let headSize = 20
  /// No more bytes are made room for because of elements that are only expected.
  private static let mostExpected = 1 << 18
  private var bytes: [UInt8]
  private(set) var count = 0
  /// How many elements it will have, as far as is known.
  private let expected: Int

  /// - Parameter expected: how many elements it will have, as far as is known.
  init(of element: Element, expecting expected: Int = 1) {
    self.expected = expected
    bytes = []
    bytes.reserveCapacity(Self.headSize + expected * element.usualSize)
    for number in [1, 1, element.rawValue, 0, 1] as [UInt32] { appendInteger(number) }
  }

  mutating func append(_ value: Int64?) {
    guard let value else { return appendNull() }
    count += 1
    let bits = UInt64(bitPattern: value)
    let words = (
      UInt32(8).bigEndian, UInt32(truncatingIfNeeded: bits >> 32).bigEndian,
      UInt32(truncatingIfNeeded: bits).bigEndian
    )
    withUnsafeBytes(of: words) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ text: String?) {
    guard var text = text.map(PostgresText.escaped) else { return appendNull() }
    text.withUTF8 { append(utf8: $0) }
  }

  mutating func append(utf8 text: [UInt8]) { text.withUnsafeBufferPointer { append(utf8: $0) } }

  private mutating func append(utf8 text: UnsafeBufferPointer<UInt8>) {
    count += 1
    let needed = bytes.count + 4 + text.count
    if needed > bytes.capacity {
      // As if all had the same size, but for the largest ones: what doubles is moved again and again.
      bytes.reserveCapacity(max(needed + needed / 2, min(needed * expected / count, Self.mostExpected)))
    }
    appendInteger(UInt32(text.count))
    bytes.append(contentsOf: text)
  }

  private mutating func appendNull() {
    count += 1
    appendInteger(UInt32.max)
  }

  private mutating func appendInteger(_ value: UInt32) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// The whole array.
  mutating func finish() -> PostgresParameter {
    // Without elements there is no dimension at all.
    guard count > 0 else { return .array([0, 0, 0, 0, 0, 0, 0, 0] + bytes[8..<12]) }
    let count = UInt32(count)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: count.bigEndian, toByteOffset: 12, as: UInt32.self) }
    return .array(bytes)
  }

  static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}

extension [PostgresArray] {
  /// Arrays for some columns.
  ///
  /// - Parameter rows: how many there will be, as far as is known.
  init(of columns: [PostgresColumn], rows: Int) {
    self = columns.map { PostgresArray(of: $0.element, expecting: rows) }
  }

  /// The parameters of a statement.
  mutating func finish() -> [PostgresParameter] {
    // In place: a copy of one would be one of all its bytes.
    indices.map { self[$0].finish() }
  }
}
