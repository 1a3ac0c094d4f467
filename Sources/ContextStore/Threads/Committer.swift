import ContextModel
import EventLoop
import Synchronization

/// The body of the commit thread: takes all writes that have gathered, commits them as one batch, and brings the
/// outcomes back to their loops. While one batch is on its way to the disk the next one gathers; with an engine that is
/// far away it is read and decided meanwhile, too.
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
  /// One on each loop.
  private let homewards: [Homeward]
  private let maximumBatch: Int
  private let notice: @Sendable (StoreNotice) -> Void
  /// Commit thread only, like all that follows.
  private let transaction: StoreTransaction
  private var keys: [RecordKey] = []
  /// When commits began to fail; `nil` while they succeed.
  private var failingSince: UInt64?
  /// What was committed last, until it is durable.
  private var flight: Flight?
  /// What the engine was told to keep last, until it is known whether it has.
  private var handedOver: Batch?
  /// The services of changes that have failed and may be kept all the same, and who is to be told once the store works again:
  /// by then it is settled.
  private var doubtful: (services: [ServiceID], audience: any CommitAudience)?

  private struct Flight {
    let calls: [PendingDecision]
    let start: UInt64
  }

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
    homewards = loops.indices.map { Homeward(from: $0, loops) }
    maximumBatch = max(1, options.maximumBatch)
    self.metrics = metrics
    self.notice = notice
  }

  /// Works until the mailbox is closed and empty.
  func run() {
    var batch: [PendingDecision] = []
    while true {
      switch mailbox.take(into: &batch, atMost: maximumBatch, timeout: timeout) {
      case .closed:
        land()
        return
      case .nothing: if flight == nil { probe() } else { land() }
      case .some:
        commit(batch)
        batch.removeAll(keepingCapacity: true)
      }
    }
  }

  /// How long to wait for calls, in milliseconds: while a batch is on its way not at all.
  private var timeout: Int? {
    if flight != nil { return 0 }
    return failingSince == nil ? engine.probeInterval : Self.probeInterval
  }

  /// The most bytes of text that a batch of several calls has: an engine takes it as a whole.
  private static let mostBytes = 64 << 20

  /// How often a batch is decided that others come in the way of.
  private static let mostAttempts = 10

  private func commit(_ calls: [PendingDecision]) {
    let start = monotonicNanoseconds()
    do throws(StoreError) {
      var decided = try decide(calls)
      // What was committed before ends before.
      if !land() { decided = try decide(calls) }
      guard let decided else { return conclude(calls, start) }
      handedOver = decided
      try engine.commit(decided)
      flight = Flight(calls: calls, start: start)
      if !engine.overlapsBatches { land() }
    } catch {
      land()
      repeatAlone(calls, after: error)
      conclude(calls, start)
    }
  }

  /// Decides a batch, beside the one that may be on its way.
  ///
  /// - Returns: what is to be kept; `nil` for nothing.
  private func decide(_ calls: [PendingDecision]) throws(StoreError) -> Batch? {
    keys.removeAll(keepingCapacity: true)
    for pending in calls { pending.prefetch(into: &keys) }
    try transaction.begin(prefetching: keys)
    for pending in calls { pending.decide(in: transaction) }
    if let failure = transaction.failure {
      engine.abandon()
      throw failure
    }
    let decided = transaction.batch
    guard calls.count == 1 || decided.byteCount <= Self.mostBytes else {
      engine.abandon()
      throw StoreError(.tooLarge, "a batch of \(calls.count) calls has \(decided.byteCount) bytes")
    }
    guard !decided.isEmpty else {
      // All failed for reasons of their own: that proves nothing about the disk.
      engine.abandon()
      return nil
    }
    try engine.prepare(decided)
    return decided
  }

  /// Waits until the batch that is on its way is durable, and lets its callers go on.
  ///
  /// - Returns: whether what was decided meanwhile still counts.
  @discardableResult
  private func land() -> Bool {
    guard let flight = flight.take() else { return true }
    defer { conclude(flight.calls, flight.start) }
    do throws(StoreError) {
      try engine.finish()
      succeeded()
      return true
    } catch {
      engine.abandon()
      repeatAlone(flight.calls, after: error)
      return false
    }
  }

  /// Keeps a batch that failed, with no other beside it, if that can help: as it is where others were in its way; in halves
  /// where that does not end, or the database refuses something in it, so that only the call fails that brought it.
  private func repeatAlone(_ calls: [PendingDecision], after error: StoreError) {
    var error = error
    for _ in 1..<Self.mostAttempts where error.kind == .conflict {
      do throws(StoreError) { return try keepAlone(calls) } catch let other { error = other }
    }
    let isForHalves = error.kind == .tooLarge || error.kind == .conflict
    guard error.kind == .refused || isForHalves && calls.count > 1 else {
      let addition = error.isUncertain ? "; what the call brings may be kept all the same" : ""
      let refusal = ContextError.storeUnavailable(error.kind.words + addition)
      if error.isUncertain, let batch = handedOver { doubt(calls, batch) }
      for pending in calls { pending.fail(refusal) }
      // Others that are always faster are no fault of the store's.
      if error.kind != .conflict { failed(error) }
      return
    }
    guard calls.count > 1 else {
      for pending in calls { pending.fail(.refused(error)) }
      return
    }
    for half in [calls[..<(calls.count / 2)], calls[(calls.count / 2)...]] {
      do throws(StoreError) { try keepAlone(Array(half)) } catch { repeatAlone(Array(half), after: error) }
    }
  }

  private func doubt(_ calls: [PendingDecision], _ batch: Batch) {
    guard let audience = calls.lazy.compactMap(\.audience).first else { return }
    let keys = batch.puts.map(\.key) + batch.deletions
    let services = keys.compactMap { $0.kind == .service ? ServiceID($0.service) : nil }
    doubtful = ((doubtful?.services ?? []) + services, audience)
  }

  private func keepAlone(_ calls: [PendingDecision]) throws(StoreError) {
    guard let decided = try decide(calls) else { return }
    handedOver = decided
    try engine.commit(decided)
    try engine.finish()
    succeeded()
  }

  private func conclude(_ calls: [PendingDecision], _ start: UInt64) {
    deliver(calls)
    metrics.batchSize.record(calls.count)
    metrics.commitDuration.record(Int((monotonicNanoseconds() - start) / 1000))
  }

  /// Lets the callers go on, those whose change has an audience through it.
  private func deliver(_ batch: [PendingDecision]) {
    guard let audience = batch.lazy.compactMap(\.audience).first else { return loops.deliver(batch) }
    // On the loop of most callers: the others are woken once more.
    var callers = [Int](repeating: 0, count: loops.count)
    for pending in batch { callers[pending.loop] += 1 }
    let place = callers.indices.max { callers[$0] < callers[$1] } ?? 0
    var shown: [ShownCommit] = []
    shown.reserveCapacity(batch.count)
    var others: [PendingDecision] = []
    for pending in batch {
      if let commit = pending.shown(homewards[place]) { shown.append(commit) } else { others.append(pending) }
    }
    if !others.isEmpty { loops.deliver(others) }
    guard !shown.isEmpty else { return }
    let commits = shown
    loops[place].post { audience.show(commits) }
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
    if let batch = handedOver.take(), !batch.changes.isEmpty { signal.grow(to: engine.newestChange) }
    guard let since = failingSince else { return }
    failingSince = nil
    health.withLock { $0 = .up }
    if let (services, audience) = doubtful.take() { loops[0].post { audience.doubt(services) } }
    notice(.recovered(afterMilliseconds: Int64((monotonicNanoseconds() - since) / 1_000_000)))
  }

  private func failed(_ error: StoreError) {
    guard failingSince == nil else { return }
    failingSince = monotonicNanoseconds()
    health.withLock { $0 = .failing(since: .now, reason: error.description) }
    notice(.failing(reason: error.description))
  }
}
