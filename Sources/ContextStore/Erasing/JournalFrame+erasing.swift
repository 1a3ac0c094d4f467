extension JournalFrame {
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
