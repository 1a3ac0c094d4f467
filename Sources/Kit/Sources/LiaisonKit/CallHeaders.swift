/// The headers of a call, copied once; strings are made only when somebody asks.
public struct CallHeaders: Sendable {
  private struct Entry: Sendable {
    let name: Range<Int>
    let value: Range<Int>
  }

  private var bytes: [UInt8] = []
  private var entries: [Entry] = []

  /// No headers, with room for some.
  public init(capacity: Int = 0) {
    guard capacity > 0 else { return }
    bytes.reserveCapacity(capacity)
    entries.reserveCapacity(8)
  }

  /// Adds a header.
  public mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
    let start = bytes.count
    bytes.append(contentsOf: name)
    let middle = bytes.count
    bytes.append(contentsOf: value)
    entries.append(Entry(name: start..<middle, value: middle..<bytes.count))
  }

  /// The first header of that name, compared without case; `nil` if there is none.
  public subscript(name: StaticString) -> String? {
    withValue(of: name) { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads the first header of that name where it stands; `nil` if there is none.
  public func withValue<Result>(
    of name: StaticString, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result? {
    let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    return try bytes.withUnsafeBufferPointer { bytes in
      for entry in entries where entry.name.count == wanted.count {
        let candidate = UnsafeBufferPointer(rebasing: bytes[entry.name])
        if zip(candidate, wanted).allSatisfy({ ($0 | 0x20) == ($1 | 0x20) }) {
          return try body(UnsafeBufferPointer(rebasing: bytes[entry.value]))
        }
      }
      return nil
    }
  }
}
