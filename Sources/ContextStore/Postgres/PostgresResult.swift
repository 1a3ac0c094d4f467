import CPostgres

/// The rows that a statement gave, in binary form. Owns the C result.
final class PostgresResult {
  /// Owned; cleared when this object goes.
  private let handle: OpaquePointer

  /// Takes the C result over.
  init(_ handle: OpaquePointer) { self.handle = handle }

  deinit { PQclear(handle) }

  /// How many rows there are.
  var count: Int { Int(PQntuples(handle)) }

  func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(handle, Int32(row), Int32(column)) != 0 }

  /// A `bigint`, an `integer` or a `boolean`; 0 for NULL.
  func integer(_ row: Int, _ column: Int) -> Int64 {
    let bytes = bytes(row, column)
    var value: UInt64 = 0
    for byte in bytes { value = value << 8 | UInt64(byte) }
    return bytes.count == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
  }

  /// `nil` for NULL.
  func text(_ row: Int, _ column: Int) -> String? {
    isNull(row, column) ? nil : PostgresText.unescaped(bytes(row, column))
  }

  /// Without a copy; valid as long as this object.
  func bytes(_ row: Int, _ column: Int) -> UnsafeBufferPointer<UInt8> {
    let size = Int(PQgetlength(handle, Int32(row), Int32(column)))
    guard size > 0, let start = PQgetvalue(handle, Int32(row), Int32(column)) else {
      return UnsafeBufferPointer(start: nil, count: 0)
    }
    return start.withMemoryRebound(to: UInt8.self, capacity: size) {
      UnsafeBufferPointer(start: $0, count: size)
    }
  }

  /// A copy.
  func array(_ row: Int, _ column: Int) -> [UInt8] { Array(bytes(row, column)) }
}
