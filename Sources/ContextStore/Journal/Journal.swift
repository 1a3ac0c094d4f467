import ContextModel
import Glibc

/// The journal of a store: what a reply waits for. Segments follow each other without a gap; the last one is written to.
///
/// `append` and `close` are the commit thread's; everything else may be called on any thread.
final class Journal: @unchecked Sendable {
  /// How a journal works.
  struct Options {
    /// Whether a frame must be on disk before it counts.
    var isDurable: Bool
    /// The largest segment in bytes. A new store begins with a small one.
    var largestSegment: Int
    /// How many bytes of files may wait to be used again.
    var spareBytes = 0
  }

  /// What is known of frames up to a moment.
  struct Position: Equatable {
    /// The number of the newest frame; 0 if there is none.
    var frame: Int64 = 0
    var counters = StoreCounters()
  }

  /// The folder that holds the segments.
  let folder: String
  let store: Int64
  private let options: Options
  private let buffer = JournalBuffer()

  /// Guards everything below.
  let monitor = Monitor()
  private var segments: [JournalSegment]
  /// Where the next frame goes in the last segment.
  private var end: Int
  private var newest: Position
  /// The bytes of the file that is ready for the next segment; `nil` if none is.
  private var preparedSize: Int?
  /// The file that has the next segment's name was another segment's before.
  private var isNextSpare = false
  /// Files of removed segments, for others to be written into; the oldest first. All are of the largest size.
  private var spares: [String] = []
  /// The last segment that may tell of a person who was erased. None up to it becomes a spare: what a file held before stays in
  /// it until it is written over.
  private var lastUnfit: UInt32
  /// A segment is being added: the next one's name is taken.
  private var isAdding = false
  /// The segment for whose successor a file was made, or could not be.
  private var preparedFor: UInt32 = 0
  /// At which `end` the thread that makes the next segment's file is to be woken.
  private var wakingEnd = Int.max
  private var isClosing = false
  /// The last segment takes no frame any more. Commit thread only.
  private var isSealed = false

  static let smallestSegment = 1 << 20

  init(
    folder: String, store: Int64, options: Options, segments: [JournalSegment], end: Int, newest: Position
  ) {
    self.folder = folder
    self.store = store
    self.options = options
    self.segments = segments
    self.end = end
    self.newest = newest
    // What was erased before the start is not known.
    lastUnfit = segments.last?.head.index ?? 0
  }

  /// What was appended last.
  var position: Position { monitor.locked { newest } }

  /// The index of the segment that was written to last; 0 before there is one.
  var newestSegment: UInt32 { monitor.locked { segments.last?.head.index ?? 0 } }

  /// The segment of that index, if it is still there.
  func segment(_ index: UInt32) -> JournalSegment? {
    monitor.locked {
      guard let first = segments.first?.head.index, index >= first else { return nil }
      let place = Int(index - first)
      return place < segments.count ? segments[place] : nil
    }
  }

  /// Keeps a batch, as one frame. It counts when this returns; when it throws it never happened.
  ///
  /// - Parameter places: where each of the batch's puts stands.
  /// - Returns: the frame's bytes.
  func append(_ batch: Batch, into places: inout [Location]) throws(StoreError) -> Int {
    let number = newest.frame + 1
    func encode(_ salt: UInt64) {
      buffer.removeAll()
      places.removeAll(keepingCapacity: true)
      JournalFrame.append(batch, number: number, salt: salt, to: buffer, &places)
    }
    var last = monitor.locked { segments.last }
    encode(last?.head.salt ?? 0)
    if isSealed || last.map({ end + buffer.count > $0.size }) ?? true {
      last = try addSegment(for: buffer.count)
      encode(last.unsafelyUnwrapped.head.salt)
    }
    let segment = last.unsafelyUnwrapped
    try segment.write(buffer.bytes, at: end, durably: options.isDurable)
    for place in places.indices {
      places[place].segment = segment.head.index
      places[place].offset += UInt32(end)
    }
    let isAwaited = monitor.locked {
      end += buffer.count
      newest = Position(frame: number, counters: batch.counters)
      return end >= wakingEnd
    }
    if isAwaited { monitor.notifyAll() }
    return buffer.count
  }

  /// What comes next goes into another segment, and into no file that was used before: this one may be written anew, see `erase`.
  /// Commit thread.
  func seal() {
    isSealed = true
    let unfit = monitor.locked {
      var unfit = spares
      spares = []
      lastUnfit = segments.last?.head.index ?? 0
      if isNextSpare {
        unfit.append(JournalSegment.path(lastUnfit + 1, in: folder))
        isNextSpare = false
        preparedSize = nil
      }
      return unfit
    }
    for path in unfit { unlink(path) }
  }

  /// Whether a frame could be kept now: tries to write what stands behind the last frame.
  func probe() throws(StoreError) {
    guard !isSealed, let segment = monitor.locked({ segments.last }),
      end + JournalFrame.headSize <= segment.size
    else {
      _ = try addSegment(for: JournalFrame.headSize)
      return
    }
    buffer.removeAll()
    buffer.pad(to: JournalFrame.alignment)
    for _ in 0..<JournalFrame.headSize / 8 { buffer.append(UInt64(0)) }
    try segment.write(buffer.bytes, at: end, durably: true)
  }

  // MARK: Segments

  private func addSegment(for needed: Int) throws(StoreError) -> JournalSegment {
    let last = monitor.locked { segments.last }
    // One that was sealed early is no reason for a large one.
    let usual = isSealed ? 0 : (last?.size ?? 0) * 2
    let size = max(
      JournalSegment.headSize + needed, min(options.largestSegment, max(Self.smallestSegment, usual)))
    let head = JournalSegment.Head(
      index: (last?.head.index ?? 0) + 1, salt: .random(in: 1...UInt64.max), store: store,
      firstFrame: newest.frame + 1, firstSequence: newest.counters.lastSequence + 1,
      version: SQLiteSchema.current)
    let isPrepared = monitor.locked {
      isAdding = true
      isNextSpare = false
      defer { preparedSize = nil }
      return (preparedSize ?? 0) >= JournalSegment.headSize + needed
    }
    defer { monitor.locked { isAdding = false } }
    if !isPrepared {
      let path = JournalSegment.path(head.index, in: folder)
      let isSpare = monitor.locked { size <= options.largestSegment && givesSpare(to: path) }
      if !isSpare {
        let making = folder + "/making"
        try JournalSegment.prepare(making, size: size)
        guard rename(making, path) == 0 else { throw Files.error("the journal \(path) cannot be made") }
      }
      try Files.synchronizeFolder(folder)
    }
    let segment = try JournalSegment.begin(head, in: folder)
    monitor.locked {
      segments.append(segment)
      end = JournalSegment.headSize
    }
    monitor.notifyAll()
    isSealed = false
    return segment
  }

  /// Puts a segment that was written anew in the place of the former one, also in the folder.
  ///
  /// - Returns: whether the former one was still there.
  func replace(_ former: JournalSegment, with segment: JournalSegment) throws(StoreError) -> Bool {
    let isThere = monitor.locked {
      guard let place = segments.firstIndex(where: { $0 === former }),
        rename(folder + "/erasing", former.path) == 0
      else { return false }
      segments[place] = segment
      return true
    }
    if isThere { try Files.synchronizeFolder(folder) }
    return isThere
  }

  /// Makes the file of each next segment beforehand, name and all, so that no reply waits for that: to make a name durable
  /// is to wait for everything that the file system has not written yet. The body of a thread of its own, for a fold may
  /// take as long as a segment does to be filled. Returns after `close`.
  func prepareSegments() {
    while let next = nextToPrepare() { prepare(next) }
  }

  /// Lets `prepareSegments` return, and gives back what waits to be used again. Any thread.
  func close() {
    let left = monitor.locked {
      isClosing = true
      defer { spares = [] }
      return spares
    }
    for path in left { unlink(path) }
    monitor.notifyAll()
  }

  /// Beyond this offset of a segment the next one is made: a small store has no use for it yet, a busy one soon.
  private static func preparationMark(_ size: Int) -> Int { min(size / 2, 4 << 20) }

  /// Waits until a segment is wanted; `nil` when it is time to end.
  private func nextToPrepare() -> (index: UInt32, size: Int)? {
    monitor.locked {
      while !isClosing {
        if let last = segments.last, preparedFor < last.head.index {
          let mark = Self.preparationMark(last.size)
          if end > mark {
            preparedFor = last.head.index
            return (
              last.head.index + 1, min(options.largestSegment, max(Self.smallestSegment, last.size * 2))
            )
          }
          wakingEnd = mark + 1
        }
        waitForGrowth()
      }
      return nil
    }
  }

  /// Waits until the last segment has grown to `wakingEnd`, or something else has happened. Inside only.
  private func waitForGrowth() {
    monitor.wait()
    wakingEnd = .max
  }

  /// It is no loss if it fails: the commit thread makes the file then.
  private func prepare(_ next: (index: UInt32, size: Int)) {
    guard !usesSpare(for: next) else { return }
    let making = folder + "/next"
    let isMade =
      (try? JournalSegment.prepare(making, size: next.size) { keepPace(with: $0, of: next) }) ?? false
    guard isMade else { return }
    let isNamed = monitor.locked {
      // The commit thread may not have waited for it: then that name is a segment's that holds frames.
      guard isAwaiting(next.index) else { return false }
      return rename(making, JournalSegment.path(next.index, in: folder)) == 0
    }
    guard isNamed else {
      unlink(making)
      return
    }
    guard (try? Files.synchronizeFolder(folder)) != nil else { return }
    monitor.locked {
      if isAwaiting(next.index) { preparedSize = next.size }
    }
  }

  /// Makes a removed segment's file the next one's: nothing has to be written then.
  ///
  /// - Returns: whether there was one.
  private func usesSpare(for next: (index: UInt32, size: Int)) -> Bool {
    let isNamed = monitor.locked {
      isNextSpare =
        isAwaiting(next.index) && next.size == options.largestSegment
        && givesSpare(to: JournalSegment.path(next.index, in: folder))
      return isNextSpare
    }
    guard isNamed, (try? Files.synchronizeFolder(folder)) != nil else { return isNamed }
    monitor.locked {
      if isAwaiting(next.index), isNextSpare { preparedSize = next.size }
    }
    return true
  }

  /// Gives the oldest spare file a segment's name. Its head, which names another segment, tells that it is not in use yet. Inside
  /// only.
  private func givesSpare(to path: String) -> Bool {
    guard let spare = spares.first else { return false }
    spares.removeFirst()
    return rename(spare, path) == 0
  }

  /// Whether the segment before that one is still written to. Inside only.
  private func isAwaiting(_ index: UInt32) -> Bool {
    !isAdding && !isClosing && segments.last?.head.index == index - 1
  }

  /// Waits until it is time to write on at the next segment's file, of which `made` bytes are there: as the last segment grows,
  /// so that it is ready at three quarters of that. All at once would keep the disk busy for a second, and replies wait for it.
  ///
  /// - Returns: whether it is still wanted.
  private func keepPace(with made: Int, of next: (index: UInt32, size: Int)) -> Bool {
    monitor.locked {
      while isAwaiting(next.index), let last = segments.last {
        let mark = Self.preparationMark(last.size)
        let due = mark + made * (last.size * 3 / 4 - mark) / next.size
        guard end < due else { return true }
        wakingEnd = due
        waitForGrowth()
      }
      return false
    }
  }

  /// Removes the oldest segments, as long as neither a frame from `frame` on nor a change from `sequence` on nor a
  /// record in segment `index` or later is in them. Whoever still reads one keeps its file; the files of others are used again,
  /// as far as so many are wanted.
  func removeSegments(before frame: Int64, _ sequence: Int64, _ index: UInt32) {
    var count = 0
    while var removed = takeOldest(before: frame, sequence, index) {
      count += 1
      if !isKnownUniquelyReferenced(&removed) || !keepsAsSpare(removed) { unlink(removed.path) }
    }
    // A store that is less busy than it was gives them back, one after the other.
    let superfluous = monitor.locked { spares.count > max(1, count) ? spares.removeFirst() : nil }
    if let superfluous { unlink(superfluous) }
  }

  private func takeOldest(before frame: Int64, _ sequence: Int64, _ index: UInt32) -> JournalSegment? {
    monitor.locked {
      guard segments.count > 1, segments[0].head.index < index, segments[1].head.firstFrame <= frame,
        segments[1].head.firstSequence <= sequence
      else { return nil }
      return segments.removeFirst()
    }
  }

  /// Keeps the file of a segment that nobody reads any more.
  ///
  /// - Returns: `false` if there are enough, or if it is not fit.
  private func keepsAsSpare(_ segment: JournalSegment) -> Bool {
    let path = JournalSegment.sparePath(segment.head.index, in: folder)
    return monitor.locked {
      guard segment.size == options.largestSegment, segment.head.index > lastUnfit, !isClosing,
        (spares.count + 1) * segment.size <= options.spareBytes, rename(segment.path, path) == 0
      else { return false }
      spares.append(path)
      return true
    }
  }

  // MARK: Reading

  /// Goes through the frames with numbers of a range, in order. Any thread.
  ///
  /// - Throws: if one of them is not there any more.
  func forEachFrame(
    _ numbers: ClosedRange<Int64>,
    _ body: (JournalFrame.Head, UnsafeRawBufferPointer, JournalSegment, _ offset: Int) throws(StoreError) ->
      Void
  ) throws(StoreError) {
    var expected = numbers.lowerBound
    for (segment, end) in parts(from: { $0.firstFrame <= numbers.lowerBound }) {
      let scanner = FrameScanner(segment, to: end)
      while expected <= numbers.upperBound {
        let offset = scanner.offset
        guard case .frame(let head, let bytes) = try scanner.next() else { break }
        if head.number < expected { continue }
        guard head.number == expected else { break }
        try body(head, bytes, segment, offset)
        expected += 1
      }
    }
    guard expected > numbers.upperBound else {
      throw StoreError(.damaged, "the journal in \(folder) lacks frame \(expected)")
    }
  }

  /// The segments from the last one on whose beginning satisfies `reaches`, each with the end of its frames if that is
  /// not the file's; all if none does.
  func parts(from reaches: (JournalSegment.Head) -> Bool) -> [(segment: JournalSegment, end: Int?)] {
    monitor.locked {
      let first = segments.lastIndex { reaches($0.head) } ?? 0
      var parts: [(segment: JournalSegment, end: Int?)] = []
      for segment in segments[first...] { parts.append((segment, nil)) }
      if !parts.isEmpty { parts[parts.count - 1].end = end }
      return parts
    }
  }
}
