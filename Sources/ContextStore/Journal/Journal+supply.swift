import Glibc

/// The files for segments to come.
extension Journal {
  /// What is known of them. Guarded by the journal's monitor.
  struct Supply {
    /// The bytes of the file that is ready for the next segment; `nil` if none is.
    fileprivate var preparedSize: Int?
    /// The file that has the next segment's name was another segment's before.
    fileprivate var isNextSpare = false
    /// Files of removed segments, for others to be written into; the oldest first. All are of the largest size.
    fileprivate var spares: [String] = []
    /// The last segment that may tell of a person who was erased. None up to it becomes a spare: what a file held before stays in
    /// it until it is written over.
    fileprivate var lastUnfit: UInt32
    /// A segment is being added: the next one's name is taken.
    fileprivate var isAdding = false
    /// The segment for whose successor a file was made, or could not be.
    fileprivate var preparedFor: UInt32 = 0
    /// At which `end` the thread that makes the next segment's file is to be woken.
    fileprivate(set) var wakingEnd = Int.max

    init(lastUnfit: UInt32) { self.lastUnfit = lastUnfit }
  }

  // MARK: For the segment that is added

  /// Sees to the file of a segment that is added now, and lets nobody else give its name to one until `body` has ended. Commit
  /// thread.
  ///
  /// - Parameters:
  ///   - size: of the file, if it must be made.
  ///   - needed: how many bytes of frames it must have room for.
  func withFile<Result>(
    of index: UInt32, size: Int, for needed: Int, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    let isPrepared = monitor.locked {
      supply.isAdding = true
      supply.isNextSpare = false
      defer { supply.preparedSize = nil }
      return (supply.preparedSize ?? 0) >= JournalSegment.headSize + needed
    }
    defer { monitor.locked { supply.isAdding = false } }
    if !isPrepared {
      let path = JournalSegment.path(index, in: folder)
      let isSpare = monitor.locked { size <= options.largestSegment && givesSpare(to: path) }
      if !isSpare {
        let making = folder + "/making"
        try JournalSegment.prepare(making, size: size)
        guard rename(making, path) == 0 else { throw Files.error("the journal \(path) cannot be made") }
      }
      try Files.synchronizeFolder(folder)
    }
    return try body()
  }

  /// Removes the files that were used before and are not in use, and uses none again that is: what it holds may tell of a person who
  /// is erased. As soon as the last segment is sealed, and at the end.
  func forgetSpares() {
    let unfit = monitor.locked {
      var unfit = supply.spares
      supply.spares = []
      supply.lastUnfit = segments.last?.head.index ?? 0
      if supply.isNextSpare {
        unfit.append(JournalSegment.path(supply.lastUnfit + 1, in: folder))
        supply.isNextSpare = false
        supply.preparedSize = nil
      }
      return unfit
    }
    for path in unfit { unlink(path) }
  }

  // MARK: For the next one

  /// Makes the file of each next segment beforehand, name and all, so that no reply waits for that: to make a name durable
  /// is to wait for everything that the file system has not written yet. The body of a thread of its own, for a fold may
  /// take as long as a segment does to be filled. Returns after `close`.
  func prepareSegments() {
    while let next = nextToPrepare() { prepare(next) }
  }

  /// Lets `prepareSegments` return, and gives back what waits to be used again. Any thread.
  func close() {
    monitor.locked { isClosing = true }
    forgetSpares()
    monitor.notifyAll()
  }

  /// Beyond this offset of a segment the next one is made: a small store has no use for it yet, a busy one soon.
  private static func preparationMark(_ size: Int) -> Int { min(size / 2, 4 << 20) }

  /// Waits until a segment is wanted; `nil` when it is time to end.
  private func nextToPrepare() -> (index: UInt32, size: Int)? {
    monitor.locked {
      while !isClosing {
        if let last = segments.last, supply.preparedFor < last.head.index {
          let mark = Self.preparationMark(last.size)
          if end > mark {
            supply.preparedFor = last.head.index
            return (
              last.head.index + 1, min(options.largestSegment, max(Self.smallestSegment, last.size * 2))
            )
          }
          supply.wakingEnd = mark + 1
        }
        waitForGrowth()
      }
      return nil
    }
  }

  /// Waits until the last segment has grown to `wakingEnd`, or something else has happened. Inside only.
  private func waitForGrowth() {
    monitor.wait()
    supply.wakingEnd = .max
  }

  /// It is no loss if it fails: the commit thread makes the file then.
  private func prepare(_ next: (index: UInt32, size: Int)) {
    let isSpare = namesSpare(for: next)
    guard isSpare || makesFile(for: next), (try? Files.synchronizeFolder(folder)) != nil else { return }
    monitor.locked {
      // A spare may have been forgotten meanwhile.
      if isAwaiting(next.index), supply.isNextSpare == isSpare { supply.preparedSize = next.size }
    }
  }

  /// Makes a removed segment's file the next one's: nothing has to be written then.
  ///
  /// - Returns: whether there was one.
  private func namesSpare(for next: (index: UInt32, size: Int)) -> Bool {
    monitor.locked {
      supply.isNextSpare =
        isAwaiting(next.index) && next.size == options.largestSegment
        && givesSpare(to: JournalSegment.path(next.index, in: folder))
      return supply.isNextSpare
    }
  }

  /// Makes the next one's file of zeros.
  ///
  /// - Returns: whether it has its name.
  private func makesFile(for next: (index: UInt32, size: Int)) -> Bool {
    let making = folder + "/next"
    let isMade =
      (try? JournalSegment.prepare(making, size: next.size) { keepPace(with: $0, of: next) }) ?? false
    guard isMade else { return false }
    let isNamed = monitor.locked {
      // The commit thread may not have waited for it: then that name is a segment's that holds frames.
      guard isAwaiting(next.index) else { return false }
      return rename(making, JournalSegment.path(next.index, in: folder)) == 0
    }
    if !isNamed { unlink(making) }
    return isNamed
  }

  /// Gives the oldest spare file a segment's name. Its head, which names another segment, tells that it is not in use yet. Inside
  /// only.
  private func givesSpare(to path: String) -> Bool {
    guard let spare = supply.spares.first else { return false }
    supply.spares.removeFirst()
    return rename(spare, path) == 0
  }

  /// Whether the segment before that one is still written to. Inside only.
  private func isAwaiting(_ index: UInt32) -> Bool {
    !supply.isAdding && !isClosing && segments.last?.head.index == index - 1
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
        supply.wakingEnd = due
        waitForGrowth()
      }
      return false
    }
  }

  // MARK: Of those that are removed

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
    let superfluous = monitor.locked {
      supply.spares.count > max(1, count) ? supply.spares.removeFirst() : nil
    }
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
      guard segment.size == options.largestSegment, segment.head.index > supply.lastUnfit, !isClosing,
        (supply.spares.count + 1) * segment.size <= options.spareBytes, rename(segment.path, path) == 0
      else { return false }
      supply.spares.append(path)
      return true
    }
  }
}
