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
  let options: Options
  private let buffer = JournalBuffer()

  /// Guards everything below.
  let monitor = Monitor()
  var segments: [JournalSegment]
  /// Where the next frame goes in the last segment.
  var end: Int
  private var newest: Position
  /// See `Journal+supply.swift`.
  var supply: Supply
  var isClosing = false
  /// The last segment takes no frame any more. Commit thread only.
  private var isSealed = false
  /// A frame that was refused may stand at the end: writing can fail when all is written and only the disk did not take it. Commit
  /// thread only.
  private var mayHoldRefused = false

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
    supply = Supply(lastUnfit: segments.last?.head.index ?? 0)
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
    do throws(StoreError) {
      try segment.write(buffer.bytes, at: end, durably: options.isDurable)
    } catch {
      mayHoldRefused = true
      throw error
    }
    mayHoldRefused = false
    for place in places.indices {
      places[place].segment = segment.head.index
      places[place].offset += UInt32(end)
    }
    let isAwaited = monitor.locked {
      end += buffer.count
      newest = Position(frame: number, counters: batch.counters)
      return end >= supply.wakingEnd
    }
    if isAwaited { monitor.notifyAll() }
    return buffer.count
  }

  /// What comes next goes into another segment, and into no file that was used before: this one may be written anew, see `erase`.
  /// Commit thread.
  func seal() {
    isSealed = true
    forgetSpares()
  }

  /// Whether a frame could be kept now: tries to write what stands behind the last frame.
  func probe() throws(StoreError) {
    guard !isSealed, let segment = monitor.locked({ segments.last }),
      end + JournalFrame.headSize <= segment.size
    else {
      _ = try addSegment(for: JournalFrame.headSize)
      return
    }
    try clearEnd(of: segment)
  }

  /// Writes zeros where the next frame begins, durably: no frame begins there then.
  private func clearEnd(of segment: JournalSegment) throws(StoreError) {
    buffer.removeAll()
    buffer.pad(to: JournalFrame.alignment)
    for _ in 0..<JournalFrame.headSize / 8 { buffer.append(UInt64(0)) }
    try segment.write(buffer.bytes, at: end, durably: true)
    mayHoldRefused = false
  }

  // MARK: Segments

  private func addSegment(for needed: Int) throws(StoreError) -> JournalSegment {
    let last = monitor.locked { segments.last }
    // With a segment behind it a refused frame would count. Where no head has room there is none.
    if mayHoldRefused, let last, end + JournalFrame.headSize <= last.size { try clearEnd(of: last) }
    // One that was sealed early is no reason for a large one.
    let usual = isSealed ? 0 : (last?.size ?? 0) * 2
    let size = max(
      JournalSegment.headSize + needed, min(options.largestSegment, max(Self.smallestSegment, usual)))
    let head = JournalSegment.Head(
      index: (last?.head.index ?? 0) + 1, salt: .random(in: 1...UInt64.max), store: store,
      firstFrame: newest.frame + 1, firstSequence: newest.counters.lastSequence + 1,
      version: SQLiteSchema.current)
    let segment = try withFile(of: head.index, size: size, for: needed) { () throws(StoreError) in
      // Before a segment is there that says the one before it is whole.
      if !options.isDurable { try last?.synchronize() }
      let segment: JournalSegment
      do throws(StoreError) {
        segment = try JournalSegment.begin(head, in: folder)
      } catch {
        // Its head may be there all the same.
        unlink(JournalSegment.path(head.index, in: folder))
        throw error
      }
      monitor.locked {
        segments.append(segment)
        end = JournalSegment.headSize
      }
      return segment
    }
    monitor.notifyAll()
    isSealed = false
    return segment
  }

  /// Brings to the disk what was appended, if that was not waited for. Segments before the last one are there already. Any thread.
  func synchronize() throws(StoreError) {
    if !options.isDurable { try monitor.locked { segments.last }?.synchronize() }
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
