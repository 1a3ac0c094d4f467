import ContextModel
import EventLoop
import Synchronization

/// The body of the commit thread: takes all writes that have gathered, commits them as one batch, and brings the
/// outcomes back to their loops. While one batch is on its way to the disk the next one gathers.
final class Committer: @unchecked Sendable {
  /// Where loops put their writes.
  let mailbox = Mailbox<PendingDecision>()
  let metrics: StoreMetrics
  /// Written by the commit thread, read by any.
  let health = Mutex(StoreHealth.up)

  /// Told of every durable change.
  let signal: ChangeSignal
  private let engine: any StoreEngine
  private let loops: [EventLoop]
  private let maximumBatch: Int
  private let notice: @Sendable (StoreNotice) -> Void
  /// Commit thread only, like all that follows.
  private let transaction: StoreTransaction
  private var keys: [RecordKey] = []
  /// When commits began to fail; `nil` while they succeed.
  private var failingSince: UInt64?

  /// How often a failing engine is asked whether it works again, in milliseconds.
  static let probeInterval = 500

  init(
    engine: any StoreEngine, loops: [EventLoop], options: StoreOptions,
    metrics: StoreMetrics,
    notice: @escaping @Sendable (StoreNotice) -> Void
  ) {
    self.engine = engine
    signal = ChangeSignal(newest: engine.newestChange)
    transaction = StoreTransaction(
      engine: engine, documents: DocumentReader(), options: options)
    self.loops = loops
    maximumBatch = max(1, options.maximumBatch)
    self.metrics = metrics
    self.notice = notice
  }

  /// Works until the mailbox is closed and empty.
  func run() {
    var batch: [PendingDecision] = []
    while true {
      let timeout = failingSince == nil ? engine.probeInterval : Self.probeInterval
      switch mailbox.take(into: &batch, atMost: maximumBatch, timeout: timeout) {
      case .closed: return
      case .nothing: probe()
      case .some:
        commit(batch)
        deliver(batch)
        batch.removeAll(keepingCapacity: true)
      }
    }
  }

  /// How often a batch is decided that others come in the way of.
  private static let mostAttempts = 10

  private func commit(_ batch: [PendingDecision]) {
    let start = monotonicNanoseconds()
    keys.removeAll(keepingCapacity: true)
    for pending in batch { pending.prefetch(into: &keys) }
    do throws(StoreError) {
      for attempt in 1... {
        do throws(StoreError) {
          try attemptCommit(batch)
          break
        } catch {
          guard error.kind == .conflict, attempt < Self.mostAttempts else { throw error }
        }
      }
    } catch {
      let refusal = ContextError.storeUnavailable(error.kind.words)
      for pending in batch { pending.fail(refusal) }
      failed(error)
    }
    metrics.batchSize.record(batch.count)
    metrics.commitDuration.record(Int((monotonicNanoseconds() - start) / 1000))
  }

  /// Lets the callers go on, those whose change has an audience through it.
  private func deliver(_ batch: [PendingDecision]) {
    guard let audience = batch.lazy.compactMap(\.audience).first else { return loops.deliver(batch) }
    var shown: [ShownCommit] = []
    shown.reserveCapacity(batch.count)
    var others: [PendingDecision] = []
    // On the loop of most callers: the others are woken once more.
    var callers = [Int](repeating: 0, count: loops.count)
    for pending in batch {
      if let commit = pending.shown(loops) {
        shown.append(commit)
        callers[pending.loop] += 1
      } else {
        others.append(pending)
      }
    }
    if !others.isEmpty { loops.deliver(others) }
    guard !shown.isEmpty, let place = callers.indices.max(by: { callers[$0] < callers[$1] }) else { return }
    let commits = shown
    loops[place].post { audience.show(commits) }
  }

  private func attemptCommit(_ batch: [PendingDecision]) throws(StoreError) {
    try transaction.begin(prefetching: keys)
    for pending in batch { pending.decide(in: transaction) }
    if let failure = transaction.failure {
      engine.abandon()
      throw failure
    }
    let decided = transaction.batch
    if decided.isEmpty {
      // All failed for reasons of their own: that proves nothing about the disk.
      engine.abandon()
    } else {
      try engine.commit(decided)
      if !decided.changes.isEmpty { signal.grow(to: engine.newestChange) }
      succeeded()
    }
  }

  private func probe() {
    do throws(StoreError) {
      try engine.probe()
      succeeded()
    } catch {
      failed(error)
    }
  }

  private func succeeded() {
    guard let since = failingSince else { return }
    failingSince = nil
    health.withLock { $0 = .up }
    notice(.recovered(afterMilliseconds: Int64((monotonicNanoseconds() - since) / 1_000_000)))
  }

  private func failed(_ error: StoreError) {
    guard failingSince == nil else { return }
    failingSince = monotonicNanoseconds()
    health.withLock { $0 = .failing(since: .now, reason: error.description) }
    notice(.failing(reason: error.description))
  }
}
