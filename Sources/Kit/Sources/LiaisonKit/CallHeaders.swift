/// The headers of a call, copied once; strings are made only when somebody asks.
public struct CallHeaders: Sendable {
  /// One header behind the other: the lengths of name and value, four bytes each, then both.
  @usableFromInline var bytes: [UInt8] = []

  /// How many bytes a header takes beside its name and value.
  public static let overhead = 8

  /// No headers, with room for names, values and ``overhead`` of that many bytes.
  public init(capacity: Int = 0) {
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  /// Adds a header.
  @inlinable
  public mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
    withUnsafeBytes(of: (UInt32(name.count), UInt32(value.count))) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: name)
    bytes.append(contentsOf: value)
  }

  /// The first header of that name, compared without case; `nil` if there is none.
  public subscript(name: StaticString) -> String? {
    withValue(of: name) { String(decoding: $0, as: UTF8.self) }
  }

  /// The same for a name that is known only when the program runs, as one of the configuration.
  public subscript(named name: String) -> String? {
    var name = name
    return name.withUTF8 { name in
      bytes.withUnsafeBufferPointer { bytes in
        Self.value(of: name, in: bytes).map { String(decoding: $0, as: UTF8.self) }
      }
    }
  }

  /// Reads the first header of that name where it stands; `nil` if there is none.
  @inlinable
  public func withValue<Result>(
    of name: StaticString, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result? {
    try bytes.withUnsafeBufferPointer { bytes in
      guard let value = Self.value(of: name, in: bytes) else { return nil }
      return try body(value)
    }
  }

  @usableFromInline
  static func value(
    of name: StaticString, in bytes: UnsafeBufferPointer<UInt8>
  ) -> UnsafeBufferPointer<UInt8>? {
    value(of: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), in: bytes)
  }

  private static func value(
    of name: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>
  ) -> UnsafeBufferPointer<UInt8>? {
    var position = 0
    while position < bytes.count {
      let lengths = UnsafeRawPointer(bytes.baseAddress!).loadUnaligned(
        fromByteOffset: position, as: (UInt32, UInt32).self)
      let start = position + overhead
      let middle = start + Int(lengths.0)
      position = middle + Int(lengths.1)
      guard middle - start == name.count else { continue }
      var offset = 0
      while offset < middle - start, bytes[start + offset] | 0x20 == name[offset] | 0x20 {
        offset += 1
      }
      if start + offset == middle { return UnsafeBufferPointer(rebasing: bytes[middle..<position]) }
    }
    return nil
  }
}
