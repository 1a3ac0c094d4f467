import ContextModel

extension JournalFrame {
  /// A put as it stands in a frame.
  struct PutParts {
    let kind: RecordKey.Kind
    let tenant: Int64
    let service: Int64
    let name: UnsafeRawBufferPointer
    let sequence: Int64
    let document: UnsafeRawBufferPointer

    /// Reads the put that begins at the cursor, and goes behind it; `nil` if its kind is none of this server's.
    init?(_ cursor: inout JournalCursor) {
      let start = cursor.offset
      let size = Int(cursor.integer(UInt32.self))
      _ = cursor.integer(UInt8.self)
      let kind = RecordKey.Kind(rawValue: cursor.integer())
      tenant = cursor.integer()
      service = cursor.integer()
      _ = cursor.integer(Int64.self)
      name = cursor.bytes(Int(cursor.integer(UInt32.self)))
      sequence = cursor.integer()
      _ = cursor.bytes(2 * 8)
      cursor.skipText()
      document = cursor.bytes(Int(cursor.integer(UInt32.self)))
      _ = cursor.bytes(max(0, size - (cursor.offset - start)))
      guard let kind else { return nil }
      self.kind = kind
    }
  }

  /// Passes over a key; its kind, `nil` if it is none of this server's.
  static func skipKey(_ cursor: inout JournalCursor) -> RecordKey.Kind? {
    let kind = RecordKey.Kind(rawValue: cursor.integer())
    _ = cursor.bytes(3 * 8)
    cursor.skipText()
    return kind
  }

  /// Makes a put one of a record of no kind: its size stays, everything else becomes zero.
  static func blankPut(_ put: UnsafeMutableRawBufferPointer) {
    UnsafeMutableRawBufferPointer(rebasing: put[MemoryLayout<UInt32>.size...])
      .initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// Makes a key one of no kind: the length of its name stays, everything else becomes zero.
  static func blankKey(_ key: UnsafeMutableRawBufferPointer) {
    let nameLength = 1 + 3 * 8
    UnsafeMutableRawBufferPointer(rebasing: key[..<nameLength]).initializeMemory(as: UInt8.self, repeating: 0)
    UnsafeMutableRawBufferPointer(rebasing: key[(nameLength + MemoryLayout<UInt32>.size)...])
      .initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// Brings the checksum of a changed frame up to date.
  static func sign(_ head: Head, _ frame: UnsafeMutableRawBufferPointer, salt: UInt64) {
    let covered = UnsafeRawBufferPointer(rebasing: frame[coveredOffset..<headSize + head.bodySize])
    frame.storeBytes(of: checksum(covered, salt).littleEndian, toByteOffset: checksumOffset, as: UInt64.self)
  }
}
