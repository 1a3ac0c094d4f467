import ContextModel

/// The body of a commit thread: takes all writes that have gathered, commits them as one batch, and brings the
/// outcomes back to their loops.
final class CommitWorker: @unchecked Sendable {
  private let engine: any StoreEngine
  private let writer: any StoreWriter
  private let mailbox: Mailbox<PendingDecision>
  private let order: CommitOrder
  private let flight: CommitOrder.Flight
  private let maximumBatch: Int
  private let metrics: StoreMetrics
  private let condition: StoreCondition
  private let signal: ChangeSignal
  private let delivery: CommitDelivery
  private let transaction: StoreTransaction
  private var keys: [RecordKey] = []

  /// How often a failing engine is asked whether it works again, in milliseconds.
  static let probeInterval = 500

  /// The most bytes of text that a batch of several calls has: an engine takes it as a whole.
  private static let mostBytes = 64 << 20

  /// How often a batch is decided that others come in the way of.
  private static let mostAttempts = 10

  init(
    _ writer: any StoreWriter, of engine: any StoreEngine, from mailbox: Mailbox<PendingDecision>,
    _ order: CommitOrder, _ options: StoreOptions, _ metrics: StoreMetrics, _ condition: StoreCondition,
    _ signal: ChangeSignal,
    _ delivery: CommitDelivery
  ) {
    self.engine = engine
    self.writer = writer
    self.mailbox = mailbox
    self.order = order
    maximumBatch = max(1, options.maximumBatch)
    self.metrics = metrics
    self.condition = condition
    self.signal = signal
    self.delivery = delivery
    transaction = StoreTransaction(writer, documents: DocumentReader(), options: options)
    flight = order.join(transaction)
  }

  /// Works until the mailbox is closed and empty.
  func run() {
    var calls: [PendingDecision] = []
    while true {
      var start: UInt64 = 0
      var decision = Result<Batch?, StoreError>.success(nil)
      let taken = order.inTurn {
        let taken = mailbox.take(into: &calls, atMost: maximumBatch, timeout: timeout)
        guard case .some = taken else { return taken }
        start = monotonicNanoseconds()
        decision = Result { () throws(StoreError) in
          try order.decide(flight) { () throws(StoreError) in
            try decide(calls)
          } abandon: {
            writer.abandon()
          }
        }
        return taken
      }
      switch taken {
      case .closed: return
      case .nothing: probe()
      case .some:
        do throws(StoreError) {
          try keep(decision.get(), of: calls)
        } catch {
          retry(calls, after: error)
        }
        order.end(flight)
        delivery.deliver(calls)
        metrics.batchSize.record(calls.count)
        metrics.commitDuration.record(Int((monotonicNanoseconds() - start) / 1000))
        calls.removeAll(keepingCapacity: true)
      }
    }
  }

  /// How long to wait for calls, in milliseconds.
  private var timeout: Int? { condition.isFailing ? Self.probeInterval : engine.probeInterval }

  /// Decides a batch.
  ///
  /// - Returns: what is to be kept; `nil` for nothing.
  private func decide(_ calls: [PendingDecision]) throws(StoreError) -> Batch? {
    keys.removeAll(keepingCapacity: true)
    for pending in calls { pending.prefetch(into: &keys) }
    try transaction.begin(prefetching: keys)
    for pending in calls { pending.decide(in: transaction) }
    if let failure = transaction.failure {
      writer.abandon()
      throw failure
    }
    let decided = transaction.batch
    guard calls.count == 1 || decided.byteCount <= Self.mostBytes else {
      writer.abandon()
      throw StoreError(.tooLarge, "a batch of \(calls.count) calls has \(decided.byteCount) bytes")
    }
    guard !decided.isEmpty else {
      // All failed for reasons of their own: that proves nothing about the disk.
      writer.abandon()
      return nil
    }
    writer.decided(decided)
    return decided
  }

  private func keep(_ decided: Batch?, of calls: [PendingDecision]) throws(StoreError) {
    guard let decided else { return }
    do throws(StoreError) {
      try writer.commit(decided)
    } catch {
      if error.isUncertain { condition.doubt(calls, decided) }
      throw error
    }
    if !decided.changes.isEmpty { signal.grow(to: engine.newestChange) }
    condition.succeeded()
  }

  /// Keeps a batch that failed once more, if that can help: as it is where others were in its way; in halves where that does not
  /// end, or the database refuses something in it, so that only the call fails that brought it.
  private func retry(_ calls: [PendingDecision], after error: StoreError) {
    var error = error
    for _ in 1..<Self.mostAttempts where error.kind == .conflict {
      do throws(StoreError) { return try keepAgain(calls) } catch let other { error = other }
    }
    let isForHalves = error.kind == .tooLarge || error.kind == .conflict
    guard error.kind == .refused || isForHalves && calls.count > 1 else {
      let addition = error.isUncertain ? "; what the call brings may be kept all the same" : ""
      let refusal = ContextError.storeUnavailable(error.kind.words + addition)
      for pending in calls { pending.fail(refusal) }
      // Others that are always faster are no fault of the store's.
      if error.kind != .conflict { condition.failed(error) }
      return
    }
    guard calls.count > 1 else {
      for pending in calls { pending.fail(.refused(error)) }
      return
    }
    for half in [calls[..<(calls.count / 2)], calls[(calls.count / 2)...]] {
      do throws(StoreError) { try keepAgain(Array(half)) } catch { retry(Array(half), after: error) }
    }
  }

  private func keepAgain(_ calls: [PendingDecision]) throws(StoreError) {
    order.beginAgain(flight)
    try keep(decide(calls), of: calls)
  }

  private func probe() {
    do throws(StoreError) {
      try writer.probe()
      condition.succeeded()
    } catch {
      condition.failed(error)
    }
  }
}
