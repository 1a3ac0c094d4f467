/// Reads the frames of a segment one after the other. One thread.
final class FrameScanner {
  /// What stands where a frame is looked for.
  enum Found {
    /// A whole frame; its bytes are valid until the next call.
    case frame(JournalFrame.Head, UnsafeRawBufferPointer)
    /// None, or none that is whole.
    case nothing
  }

  private let segment: JournalSegment
  /// Where the frames end: what stands behind is not looked at.
  private let end: Int
  /// Where the next frame is looked for.
  private(set) var offset: Int
  /// Owned: a part of the file, from `windowStart` on.
  private var window = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  private var windowStart = 0
  private var windowCount = 0

  /// - Parameter end: the end of the frames, if that is known: a segment may be written to meanwhile.
  init(_ segment: JournalSegment, from offset: Int = JournalSegment.headSize, to end: Int? = nil) {
    self.segment = segment
    self.offset = offset
    self.end = end ?? segment.size
  }

  deinit { window.deallocate() }

  /// Reads the next frame and goes behind it.
  func next() throws(StoreError) -> Found {
    guard let head = JournalFrame.Head(try bytes(JournalFrame.headSize)),
      offset + head.frameSize <= end
    else { return .nothing }
    let frame = try bytes(head.frameSize)
    guard JournalFrame.isWhole(head, frame, salt: segment.head.salt) else { return .nothing }
    offset += head.frameSize
    return .frame(head, frame)
  }

  /// Whether a frame begins where the next one is looked for, whole or not.
  ///
  /// - Parameter number: the number that it would have. One with a smaller number was left behind by an earlier use of the file; 0 is
  ///   none: no more of the frame than its beginning was written.
  func hasBegunFrame(numbered number: Int64) throws(StoreError) -> Bool {
    let start = try bytes(min(JournalFrame.headSize, max(0, end - offset)))
    if let head = JournalFrame.Head(start) { return !(1..<number).contains(head.number) }
    var cursor = JournalCursor(start)
    return cursor.integer(UInt32.self) == JournalFrame.magic
  }

  /// Looks for a whole frame with a number of at least `number` behind the place where the last one was expected:
  /// there is none behind a torn end.
  func findsFrame(numberedFrom number: Int64) throws(StoreError) -> Bool {
    let start = offset
    defer { offset = start }
    while offset + JournalFrame.headSize <= end {
      let part = try bytes(min(window.count, end - offset))
      for place in stride(from: 0, to: part.count - JournalFrame.headSize + 1, by: JournalFrame.alignment)
      where part.loadUnaligned(fromByteOffset: place, as: UInt32.self).littleEndian == JournalFrame.magic {
        // Those that an earlier use of the file has left are older, and many.
        guard let head = JournalFrame.Head(UnsafeRawBufferPointer(rebasing: part[place...])),
          head.number >= number
        else { continue }
        let scanner = FrameScanner(segment, from: offset + place)
        if case .frame = try scanner.next() { return true }
      }
      guard part.count > JournalFrame.headSize else { break }
      offset +=
        (part.count - JournalFrame.headSize) / JournalFrame.alignment * JournalFrame.alignment
        + JournalFrame.alignment
    }
    return false
  }

  /// Bytes from `offset` on; fewer at the end of the file.
  private func bytes(_ count: Int) throws(StoreError) -> UnsafeRawBufferPointer {
    if offset < windowStart || offset + count > windowStart + windowCount {
      if count > window.count {
        window.deallocate()
        window = .allocate(byteCount: count, alignment: 64)
      }
      windowStart = offset
      windowCount = try segment.read(into: window, at: offset)
    }
    let start = offset - windowStart
    return UnsafeRawBufferPointer(rebasing: window[start..<min(start + count, windowCount)])
  }
}
