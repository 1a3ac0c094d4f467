import EventLoop

extension CacheClient {
  /// Ends for good. `completion` is called once, when nothing is open any more.
  func stop(_ completion: @escaping @Sendable () -> Void) {
    isStopped = true
    if node.state.isBelieved { endsLease = true }
    // Whoever still waits for an answer gets it or is overdue by then.
    let pause = pending.isEmpty ? Duration.zero : options.wait
    loop.schedule(after: pause) {
      self.endLease()
      // What was sent leaves at the end of this tick.
      self.loop.schedule(after: .zero) { self.end(completion) }
    }
  }

  private func end(_ completion: @escaping @Sendable () -> Void) {
    if connection == nil { report(.down) }
    stage = .idle
    connection?.close()
    // It keeps all clients of the node alive.
    epochChanged = {}
    completion()
  }

  /// Nobody needs to wait for a node that ends with nothing missed.
  private func endLease() {
    guard isFirst, ownsEpoch, stage == .joined, endsLease, missed.isEmpty else { return }
    writer.lease(.end, for: options.node, options)
    control { _ in }
  }

  /// Ends because its master has no part in the cluster any more; what Redis may lack goes to whoever has it now.
  func retire() {
    isRetired = true
    isStopped = true
    sendGathered()
    connection?.close()
    connectTimer?.cancel()
    probeTimer?.cancel()
    deadlineTimer?.cancel()
    stage = .idle
    attempt += 1
    unpark(node.metrics.failed)
    if missed.areLost { cluster?.lose() }
    for id in missed.take(.max) { cluster?.remember(id, .missed) }
    epochChanged = {}
    node.removeClient(index)
  }
}
