import EventLoop

/// Brings the outcomes of batches back to the loops where they are awaited. Any thread.
final class CommitDelivery: Sendable {
  private let loops: [EventLoop]
  /// One on each loop.
  private let homewards: [Homeward]

  init(to loops: [EventLoop]) {
    self.loops = loops
    homewards = loops.indices.map { Homeward(from: $0, loops) }
  }

  /// Lets the callers of a batch go on, those whose change has an audience through it.
  func deliver(_ batch: [PendingDecision]) {
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
}
