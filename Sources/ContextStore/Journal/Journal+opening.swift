import ContextModel
import Glibc

extension Journal {
  /// Opens the journal in a folder, which is made if it is not there, and finds its end.
  ///
  /// - Parameters:
  ///   - folded: what the tables have already. A journal that ends before that tells nothing that they lack, and nothing can be
  ///     appended to it: it begins anew behind it.
  ///   - isWritten: whether somebody else writes to it now, so that its end is no fixed place; it is only read then.
  ///   - replay: called for each whole frame that they lack, in order.
  ///   - dropped: called with the segment and the place where an incomplete frame stands at the journal's end. It was
  ///     never acknowledged, unless the disk has changed it since.
  /// - Throws: if it belongs to another store or a newer server, if a frame is missing, or if one is damaged that was
  ///   not the last: that was acknowledged and may not be passed over silently.
  static func open(
    folder: String, store: Int64, options: Options, folded: Position, isWritten: Bool = false,
    replay: (JournalFrame.Head, UnsafeRawBufferPointer, JournalSegment, _ offset: Int) -> Void,
    dropped: (JournalSegment, _ offset: Int) -> Void = { _, _ in }
  ) throws(StoreError) -> Journal {
    if !isWritten {
      try Files.makeFolder(folder)
      // Of an erasure that a crash has ended.
      unlink(folder + "/erasing")
      for name in try Files.names(in: folder) where name.hasSuffix(JournalSegment.spareSuffix) {
        unlink("\(folder)/\(name)")
      }
    }
    let segments = try openSegments(folder, store: store, isWritten: isWritten)
    guard let last = segments.last else {
      return Journal(
        folder: folder, store: store, options: options, segments: [], end: JournalSegment.headSize,
        newest: folded)
    }
    guard segments[0].head.firstFrame <= folded.frame + 1 else {
      throw StoreError(
        .damaged,
        "the journal in \(folder) begins with frame \(segments[0].head.firstFrame), but the database ends with frame "
          + "\(folded.frame): it is older than the journal")
    }
    if let needed = segments.map(\.head.erasedUpTo).max(), needed > folded.frame {
      throw StoreError(
        .damaged,
        "the journal in \(folder) has lost what was erased up to frame \(needed), but the database ends with frame "
          + "\(folded.frame): it is older than the journal")
    }
    var newest = folded
    var end = JournalSegment.headSize
    var expected = folded.frame + 1
    let first = segments.lastIndex { $0.head.firstFrame <= folded.frame + 1 } ?? 0
    for segment in segments[first...] {
      let scanner = FrameScanner(segment)
      expected = segment.head.firstFrame
      while case .frame(let head, let bytes) = try scanner.next() {
        guard head.number == expected else { throw damage(segment, scanner.offset) }
        expected += 1
        guard head.number > folded.frame else { continue }
        replay(head, bytes, segment, scanner.offset - head.frameSize)
        newest = Position(frame: head.number, counters: head.counters)
      }
      end = scanner.offset
      if segment === last {
        let isTorn = try scanner.findsFrame(numberedFrom: expected)
        if isWritten {
          // Of a server that goes on the frame that was missing is there by now, and need not be read.
          if isTorn, case .nothing = try FrameScanner(segment, from: end).next() {
            throw damage(segment, end)
          }
          if !segment.isUnchanged { throw damage(segment, end) }
        } else if isTorn {
          // What does not wait for the disk reaches it in any order: what stands behind a gap was not promised either.
          guard !options.isDurable else { throw damage(segment, end) }
          try segment.blank(from: end)
          dropped(segment, end)
        } else if try scanner.hasBegunFrame(numbered: expected) {
          dropped(segment, end)
        }
      } else {
        let next = segments[Int(segment.head.index - segments[0].head.index) + 1]
        guard next.head.firstFrame == expected else { throw damage(segment, end) }
      }
    }
    guard isWritten || expected > folded.frame else {
      try discard(segments, in: folder)
      return Journal(
        folder: folder, store: store, options: options, segments: [], end: JournalSegment.headSize,
        newest: folded)
    }
    return Journal(
      folder: folder, store: store, options: options, segments: segments, end: end, newest: newest)
  }

  /// Removes segments, durably; the oldest first, so that no crash in between leaves a gap.
  private static func discard(_ segments: [JournalSegment], in folder: String) throws(StoreError) {
    for segment in segments {
      guard unlink(segment.path) == 0 else {
        throw Files.error("the journal \(segment.path) cannot be removed")
      }
    }
    try Files.synchronizeFolder(folder)
  }

  private static func damage(_ segment: JournalSegment, _ offset: Int) -> StoreError {
    StoreError(
      .damaged,
      "the journal \(segment.path) is damaged at byte \(offset): what was acknowledged after it cannot be read; restore a "
        + "backup, or move the journal away to go on without those changes")
  }

  private static func openSegments(
    _ folder: String, store: Int64, isWritten: Bool
  ) throws(StoreError) -> [JournalSegment] {
    var segments: [JournalSegment] = []
    var names = try Files.names(in: folder).filter { $0.hasSuffix(".journal") }.sorted()
    // The next segment's file is made before it is needed.
    if let last = names.last, JournalSegment.isUnused("\(folder)/\(last)") {
      names.removeLast()
      if !isWritten { unlink("\(folder)/\(last)") }
    }
    for name in names {
      let path = "\(folder)/\(name)"
      guard let segment = try JournalSegment.open(path) else {
        throw StoreError(.damaged, "the journal \(path) has no readable beginning")
      }
      guard segment.head.store == store else {
        throw StoreError(.damaged, "the journal \(path) belongs to another store")
      }
      guard segment.head.version <= SQLiteSchema.current else {
        throw StoreError(
          .newerSchema, "the journal \(path) was written by a newer server: use that, or a newer one")
      }
      guard segments.last.map({ $0.head.index + 1 == segment.head.index }) ?? true else {
        throw StoreError(.damaged, "the journal lacks a segment before \(path)")
      }
      segments.append(segment)
    }
    return segments
  }
}
