import EventLoop

/// Where loops put their writes, and the threads that keep them: one for each writer of the engine. While the batch of one is on its way
/// to the disk the next one gathers; with several writers it is read, decided and sent meanwhile, too.
final class Committer: Sendable {
  /// Where loops put their writes.
  let mailbox = Mailbox<PendingDecision>()
  let condition: StoreCondition
  /// Told of every durable change.
  let signal: ChangeSignal
  private let threads: [StoreThread]

  init(
    engine: any StoreEngine, loops: [EventLoop], options: StoreOptions,
    metrics: StoreMetrics,
    notice: @escaping @Sendable (StoreNotice) -> Void
  ) {
    let condition = StoreCondition(loops, notice)
    let signal = ChangeSignal(newest: engine.newestChange)
    let delivery = CommitDelivery(to: loops)
    let order = CommitOrder()
    self.condition = condition
    self.signal = signal
    let workers = engine.writers.map { [mailbox] writer in
      CommitWorker(writer, of: engine, from: mailbox, order, options, metrics, condition, signal, delivery)
    }
    threads = workers.map { worker in StoreThread(named: "store commit") { worker.run() } }
  }

  /// Commits what was handed over; nothing is taken in any more. Blocks.
  func close() {
    mailbox.close()
    for thread in threads { thread.join() }
  }
}
