import CFileIO
import Glibc

/// One file of the journal: a head, then frames up to its end. Its whole length is written beforehand, or was by the use of it
/// before, so that a frame is written over blocks that are there already: that halves the cost of a synchronous write.
///
/// Reading is allowed on any thread; writing is the commit thread's. The file stays open as long as somebody holds the
/// segment, also after it was removed.
final class JournalSegment: @unchecked Sendable {
  /// What stands at the beginning of the file.
  struct Head: Equatable {
    /// 1, 2, 3 … over all segments of a store.
    var index: UInt32
    /// Seeds the checksums, so that what an earlier use of the file left behind is never taken for a frame.
    var salt: UInt64
    /// Which store it belongs to.
    var store: Int64
    /// The number of its first frame.
    var firstFrame: Int64
    /// The number of the first change that can stand in it.
    var firstSequence: Int64
    /// The version of the tables for which its records were made.
    var version: Int64
    /// A frame that the tables must have of whoever reads it: some frames tell less than they did. 0 for none.
    var erasedUpTo: Int64 = 0
  }

  let head: Head
  let path: String
  /// The bytes of the file.
  let size: Int
  /// Owned.
  private let descriptor: Int32

  /// Frames begin here.
  static let headSize = 4096
  private static let magic: UInt64 = 0x3130_4E4A_5341_494C  // "LIASJN01"
  /// A head that ends with `erasedUpTo`.
  private static let magicOfErased: UInt64 = 0x3230_4E4A_5341_494C  // "LIASJN02"

  private init(head: Head, path: String, size: Int, descriptor: Int32) {
    self.head = head
    self.path = path
    self.size = size
    self.descriptor = descriptor
  }

  deinit { Glibc.close(descriptor) }

  /// Opens a file that is there.
  ///
  /// - Parameter name: under which path it will be found, if that is another one.
  /// - Returns: `nil` if it has no head.
  static func open(_ path: String, named name: String? = nil) throws(StoreError) -> JournalSegment? {
    let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.error("the journal \(path) cannot be opened") }
    guard let size = Files.size(path), let head = readHead(descriptor) else {
      Glibc.close(descriptor)
      return nil
    }
    return JournalSegment(head: head, path: name ?? path, size: size, descriptor: descriptor)
  }

  /// Copies it to another file, not durably yet, for frames to be changed there.
  ///
  /// - Parameter frame: a frame that the tables of whoever reads the copy must have.
  func copy(to path: String, needing frame: Int64) throws(StoreError) -> JournalSegment {
    let target = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    guard target >= 0 else { throw Files.error("the journal \(path) cannot be made") }
    var head = head
    head.erasedUpTo = max(head.erasedUpTo, frame)
    let copy = JournalSegment(head: head, path: path, size: size, descriptor: target)
    var offset = Self.headSize
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { memory.deallocate() }
    while offset < size {
      let count = try read(into: memory, at: offset)
      guard count > 0 else { break }
      try copy.write(UnsafeRawBufferPointer(rebasing: memory[..<count]), at: offset, durably: false)
      offset += count
    }
    try copy.writeHead(durably: false)
    return copy
  }

  /// Makes a file of zeros for a later segment, durably.
  ///
  /// - Parameter goesOn: asked before each piece, with the bytes that are there, whether the file is still wanted; it may take
  ///   its time.
  /// - Returns: whether the file is there.
  @discardableResult
  static func prepare(
    _ path: String, size: Int, goesOn: (Int) -> Bool = { _ in true }
  ) throws(StoreError) -> Bool {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw Files.error("the journal \(path) cannot be made") }
    defer { Glibc.close(descriptor) }
    let zeros = [UInt8](repeating: 0, count: pieceSize)
    var offset = 0
    while offset < size {
      guard goesOn(offset) else {
        unlink(path)
        return false
      }
      let count = pwrite(descriptor, zeros, min(zeros.count, size - offset), off_t(offset))
      // Each piece is brought to the disk: what gathers there is what the next reply waits for.
      guard count > 0, fdatasync(descriptor) == 0 else {
        let failure = Files.error("the journal \(path) cannot be made")
        unlink(path)
        throw failure
      }
      offset += count
    }
    return true
  }

  /// How much of a file is written at a time: less costs more processor time, more keeps the disk busy for longer.
  private static let pieceSize = 256 << 10

  /// Whether the file still is this segment's. Somebody else may have removed that and used the file again.
  var isUnchanged: Bool { Self.readHead(descriptor) == head }

  /// Removes durably what an earlier use of the file has left from a place on, behind which there are no frames and will be none.
  func blank(from start: Int) throws(StoreError) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 64)
    defer { memory.deallocate() }
    var offset = start
    while offset < size {
      let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, size - offset)])
      let count = try read(into: room, at: offset)
      guard count > 0 else { break }
      let piece = UnsafeMutableRawBufferPointer(rebasing: room[..<count])
      let first = piece.baseAddress!
      if piece[0] != 0 || memcmp(first, first + 1, count - 1) != 0 {
        piece.initializeMemory(as: UInt8.self, repeating: 0)
        try write(UnsafeRawBufferPointer(piece), at: offset, durably: true)
      }
      offset += count
    }
  }

  /// Makes a segment of the prepared file that has its name.
  static func begin(_ head: Head, in folder: String) throws(StoreError) -> JournalSegment {
    let path = Self.path(head.index, in: folder)
    let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0, let size = Files.size(path) else {
      throw Files.error("the journal \(path) cannot be opened")
    }
    let segment = JournalSegment(head: head, path: path, size: size, descriptor: descriptor)
    try segment.writeHead()
    return segment
  }

  /// Whether the file of a segment was prepared and never used as that: it is empty, or still another one's.
  static func isUnused(_ path: String) -> Bool {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { Glibc.close(descriptor) }
    if let head = readHead(descriptor) { return !path.hasSuffix(name(head.index)) }
    return withUnsafeTemporaryAllocation(byteCount: headSize, alignment: 8) { bytes in
      pread(descriptor, bytes.baseAddress, headSize, 0) == headSize && bytes.allSatisfy { $0 == 0 }
    }
  }

  static func path(_ index: UInt32, in folder: String) -> String { folder + name(index) }

  /// Where the file of a removed segment waits to be used again.
  static func sparePath(_ index: UInt32, in folder: String) -> String {
    path(index, in: folder) + spareSuffix
  }

  static let spareSuffix = ".spare"

  private static func name(_ index: UInt32) -> String {
    let digits = String(index)
    return "/" + String(repeating: "0", count: 10 - digits.count) + digits + ".journal"
  }

  private func writeHead(durably: Bool = true) throws(StoreError) {
    let buffer = JournalBuffer()
    buffer.append(head.erasedUpTo > 0 ? Self.magicOfErased : Self.magic)
    buffer.append(head.version)
    buffer.append(head.index)
    buffer.append(head.salt)
    buffer.append(head.store)
    buffer.append(head.firstFrame)
    buffer.append(head.firstSequence)
    if head.erasedUpTo > 0 { buffer.append(head.erasedUpTo) }
    buffer.append(JournalFrame.checksum(buffer.bytes, 0))
    buffer.pad(to: Self.headSize)
    try write(buffer.bytes, at: 0, durably: durably)
  }

  private static func readHead(_ descriptor: Int32) -> Head? {
    withUnsafeTemporaryAllocation(byteCount: 68, alignment: 8) { bytes -> Head? in
      guard pread(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count else { return nil }
      var cursor = JournalCursor(UnsafeRawBufferPointer(bytes))
      let magic = cursor.integer(UInt64.self)
      guard magic == Self.magic || magic == magicOfErased else { return nil }
      let version = cursor.integer(Int64.self)
      let index = cursor.integer(UInt32.self)
      let salt = cursor.integer(UInt64.self)
      let store = cursor.integer(Int64.self)
      let firstFrame = cursor.integer(Int64.self)
      let firstSequence = cursor.integer(Int64.self)
      let erasedUpTo = magic == magicOfErased ? cursor.integer(Int64.self) : 0
      let covered = UnsafeRawBufferPointer(rebasing: bytes[..<cursor.offset])
      guard cursor.integer(UInt64.self) == JournalFrame.checksum(covered, 0) else { return nil }
      return Head(
        index: index, salt: salt, store: store, firstFrame: firstFrame, firstSequence: firstSequence,
        version: version, erasedUpTo: erasedUpTo)
    }
  }

  /// Brings what was written to the disk.
  func synchronize() throws(StoreError) {
    guard fdatasync(descriptor) == 0 else {
      throw Files.error("the journal \(path) cannot be written to the disk")
    }
  }

  /// Writes bytes; when it returns they are on disk, or in the system's hands if that is enough.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, durably: Bool) throws(StoreError) {
    var done = 0
    while done < bytes.count {
      let count = cfileio_write(
        descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done), durably ? 1 : 0)
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        throw Files.error("writing the journal \(path) failed", count == 0 ? ENOSPC : errno)
      }
      done += count
    }
  }

  /// Reads up to as many bytes as there is room for.
  ///
  /// - Returns: the bytes read, at the beginning of `memory`; fewer than asked for only at the end of the file.
  func read(into memory: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) -> Int {
    var done = 0
    while done < memory.count {
      let count = pread(descriptor, memory.baseAddress! + done, memory.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw StoreError(
          .inputOutput, "reading the journal \(path) failed: \(String(cString: strerror(errno)))")
      }
      guard count > 0 else { break }
      done += count
    }
    return done
  }
}
