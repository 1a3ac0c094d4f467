import ContextModel

/// The body of the fold thread: brings generation after generation of the journal into the tables, and removes what the
/// journal need not keep any more. Methods may be called on any thread unless they say otherwise.
final class FoldWorker: @unchecked Sendable {
  private let journal: Journal
  private let overlay: Overlay
  /// `nil` once `run` has ended: the last connection that closes removes the write-ahead log. Fold thread only.
  private var target: SQLiteTarget?
  private let options: StoreOptions
  private let metrics: StoreMetrics
  private let notice: @Sendable (StoreNotice) -> Void

  /// Guards everything below.
  private let monitor = Monitor()
  /// The newest frame that the tables have.
  private var folded: Int64
  /// A frame for which somebody waits.
  private var wanted: Int64 = 0
  /// Why the last fold failed; `nil` once one has succeeded.
  private var failure: StoreError?
  /// How many folds have failed.
  private var failures = 0
  /// How often somebody wanted the write-ahead log to be emptied, and how often it was tried since.
  private var emptyingsWanted = 0
  private var emptyings = 0
  /// Why the last try has failed.
  private var emptyingFailure: StoreError?
  private var isClosing = false

  /// When the last pause ended. Fold thread only.
  private var worked: UInt64 = 0

  /// How long a failed fold waits for the next try, in nanoseconds.
  private static let retryInterval: UInt64 = 500_000_000

  init(
    journal: Journal, overlay: Overlay, target: SQLiteTarget, folded: Int64, options: StoreOptions,
    metrics: StoreMetrics, notice: @escaping @Sendable (StoreNotice) -> Void
  ) {
    self.journal = journal
    self.overlay = overlay
    self.target = target
    self.folded = folded
    self.options = options
    self.metrics = metrics
    self.notice = notice
  }

  /// Works until it is closed. What can be folded then is.
  func run() {
    defer { target = nil }
    while waitForWork() {
      if let generation = freeze() { fold(generation) }
      emptyLogIfWanted()
    }
    // What grew while the last fold was under way.
    for _ in 0..<2 {
      guard let generation = freeze() else { return }
      fold(generation)
    }
  }

  /// `false` if it is time to end.
  private func waitForWork() -> Bool {
    monitor.locked {
      while !isClosing {
        if failure != nil {
          let retry = monotonicNanoseconds() + Self.retryInterval
          while !isClosing, !monitor.wait(untilNanoseconds: retry) {}
          return !isClosing
        }
        if wanted > folded || emptyingsWanted > emptyings { return true }
        let (began, bytes) = overlay.growth
        guard bytes > 0 else {
          monitor.wait()
          continue
        }
        let due = began + UInt64(options.foldAfter) * 1_000_000
        if bytes >= options.foldBytes || monotonicNanoseconds() >= due { return true }
        _ = monitor.wait(untilNanoseconds: due)
      }
      return false
    }
  }

  /// See `Overlay.freeze`. Whoever waits for room has it now, not only when the fold has ended.
  private func freeze() -> Generation? {
    let generation = overlay.freeze()
    // Inside, so that it does not fall between a writer's look at the overlay and its sleep.
    monitor.locked { monitor.notifyAll() }
    return generation
  }

  private func fold(_ generation: Generation) {
    let start = monotonicNanoseconds()
    do throws(StoreError) {
      worked = start
      // A power cut must not leave tables that are newer than the journal.
      try journal.synchronize()
      try target?.fold(generation, from: journal) { [unowned self] in pause() }
      // Before the journal forgets it.
      try target?.synchronize()
    } catch {
      let isFirst = monitor.locked {
        defer {
          failure = error
          failures += 1
        }
        return failure == nil
      }
      if isFirst { notice(.foldFailing(reason: error.description)) }
      monitor.notifyAll()
      return
    }
    overlay.didFold()
    metrics.foldDuration.record(Int((monotonicNanoseconds() - start) / 1000))
    metrics.foldedRecords.add(generation.services.count + generation.others.count)
    journal.removeSegments(
      before: generation.last.frame + 1,
      generation.last.counters.lastSequence - max(0, options.changesKept - 1), generation.firstSegment)
    let hadFailed = monitor.locked {
      defer { failure = nil }
      folded = generation.last.frame
      return failure != nil
    }
    monitor.notifyAll()
    if hadFailed { notice(.foldRecovered) }
  }

  /// Lets others have the processors and the disk for as long as it has worked itself, unless somebody waits for it or too much
  /// gathers meanwhile. Fold thread.
  private func pause() {
    let now = monotonicNanoseconds()
    let end = now + (now - worked)
    monitor.locked {
      var isOver = false
      while !isOver, !isClosing, wanted <= folded, emptyingsWanted <= emptyings,
        overlay.growth.bytes < options.foldBytes
      { isOver = monitor.wait(untilNanoseconds: end) }
    }
    worked = monotonicNanoseconds()
  }

  /// Called after a frame was appended: `isFirst` if its generation has begun with it.
  func didGrow(to bytes: Int, isFirst: Bool) {
    // Inside, so that it does not fall between the worker's look at the overlay and its sleep.
    if isFirst || bytes >= options.foldBytes { monitor.locked { monitor.notifyAll() } }
  }

  /// Waits while the journal is longer than it may be. Commit thread.
  ///
  /// - Throws: why it cannot become shorter.
  func waitForRoom() throws(StoreError) {
    guard overlay.growth.bytes >= 2 * options.foldBytes else { return }
    try monitor.locked { () throws(StoreError) in
      monitor.notifyAll()
      while overlay.growth.bytes >= 2 * options.foldBytes {
        if let failure { throw failure }
        monitor.wait()
      }
    }
  }

  /// Waits until the tables have everything that the journal has now.
  ///
  /// - Throws: if that cannot be.
  func settle() throws(StoreError) {
    let frame = journal.position.frame
    try monitor.locked { () throws(StoreError) in
      wanted = max(wanted, frame)
      let before = failures
      monitor.notifyAll()
      while folded < frame {
        if let failure, failures > before { throw failure }
        if isClosing { throw StoreError(.closed, "the store is closed") }
        monitor.wait()
      }
    }
  }

  /// Waits until the database's file has everything and its write-ahead log is empty.
  ///
  /// - Throws: if that cannot be: somebody reads the database for long, or the disk fails.
  func emptyLog() throws(StoreError) {
    try monitor.locked { () throws(StoreError) in
      emptyingsWanted += 1
      let mine = emptyingsWanted
      monitor.notifyAll()
      while emptyings < mine {
        if isClosing { throw StoreError(.closed, "the store is closed") }
        monitor.wait()
      }
      if let emptyingFailure { throw emptyingFailure }
    }
  }

  private func emptyLogIfWanted() {
    let wanted = monitor.locked { emptyingsWanted > emptyings ? emptyingsWanted : nil }
    guard let wanted else { return }
    var failure: StoreError?
    do throws(StoreError) {
      try target?.emptyLog()
    } catch {
      failure = error
    }
    monitor.locked {
      emptyings = wanted
      emptyingFailure = failure
    }
    monitor.notifyAll()
  }

  /// Lets `run` end.
  func close() {
    monitor.locked { isClosing = true }
    monitor.notifyAll()
  }
}
