import ContextModel
import Glibc

extension Journal {
  /// Takes a person out of all segments that are not written to any more, the oldest first: what earlier uses of their files have left
  /// is removed, then each that tells of the person is written anew beside the old one and takes its name when it is durable. After a
  /// crash in between it is to be asked for again: what is left names the person still.
  ///
  /// The frame of the erasure must be in the tables, and the segment that holds it sealed. Any thread, one at a time.
  func erase(_ erasure: Erasure) throws(StoreError) -> Erasure.Traces {
    let path = folder + "/erasing"
    // What a crash has left holds what was to go.
    unlink(path)
    var eraser = JournalEraser(erasure)
    let segments = parts { _ in false }.filter { $0.segment.head.firstSequence <= erasure.sequence }
    var last: Int64 = 0
    for (segment, end) in segments {
      let scanner = FrameScanner(segment, to: end)
      while case .frame(let head, let frame) = try scanner.next() {
        eraser.learn(head, frame)
        last = head.number
      }
      try segment.blank(from: scanner.offset)
    }
    var count = 0
    for (segment, end) in segments { count += try erase(eraser, erasure, in: segment, to: end, last, path) }
    return Erasure.Traces(entries: count, services: eraser.erased.sorted().compactMap { ServiceID($0) })
  }

  /// - Parameter last: the last frame of those that are written anew.
  private func erase(
    _ eraser: JournalEraser, _ erasure: Erasure, in segment: JournalSegment, to end: Int?, _ last: Int64,
    _ path: String
  ) throws(StoreError) -> Int {
    var count = 0
    var copy: JournalSegment?
    let scanner = FrameScanner(segment, to: end)
    while true {
      let offset = scanner.offset
      guard case .frame(let head, let frame) = try scanner.next() else { break }
      guard head.counters.lastSequence - Int64(head.changes) < erasure.sequence else { break }
      let changed = UnsafeMutableRawBufferPointer.allocate(byteCount: head.frameSize, alignment: 8)
      defer { changed.deallocate() }
      changed.copyMemory(from: frame)
      let entries = eraser.erase(head, changed)
      guard entries > 0 else { continue }
      count += entries
      JournalFrame.sign(head, changed, salt: segment.head.salt)
      if copy == nil { copy = try segment.copy(to: path, needing: last) }
      try copy?.write(UnsafeRawBufferPointer(changed), at: offset, durably: false)
    }
    guard copy != nil else { return 0 }
    try Files.synchronizeFile(path)
    let written = try JournalSegment.open(path, named: segment.path)
    // If it is not there any more it was removed, person and all.
    guard let written, try replace(segment, with: written) else {
      unlink(path)
      return count
    }
    return count
  }
}
