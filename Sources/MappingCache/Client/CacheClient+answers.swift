import ContextModel

extension CacheClient {
  func connectionAnswered(_ connection: RedisConnection, _ reply: RedisReply?) {
    guard let command = pending.popFirst() else { preconditionFailure("an answer to no command") }
    if overdue > 0 { overdue -= 1 }
    // What was waited for may have come, or there is room again for what Redis has missed.
    if reported != .up { loop.atEndOfTick(self) }
    switch command.purpose {
    case .writes(let writes, let byText):
      finish(writes, WriteAnswer(reply), command, byText)
    case .read(let id, let tenant, let belief, let waiter?):
      finishRead(id, tenant, reply, command.epoch, belief, waiter)
    case .read: break
    case .remove(let id):
      finishRemoval(id, reply)
    case .control(let body):
      body(reply)
    }
  }

  private func finishRemoval(_ id: ServiceID, _ reply: RedisReply?) {
    if reply?.integer == nil {
      let answer = WriteAnswer(reply)
      if case .elsewhere(let redirection) = answer, let cluster {
        // Before it is remembered, so that the right one does.
        _ = cluster.follow(redirection)
        cluster.remember(id, .missed)
      } else {
        miss(id, reason(answer))
        if let error = reply?.error { closeSoon(.refused(Self.firstWord(error))) }
      }
    }
    replayed()
  }

  private func finishRead(
    _ id: ServiceID, _ tenant: Tenant, _ reply: RedisReply?, _ epoch: Int64, _ belief: UInt64,
    _ waiter: (CacheRead) -> Void
  ) {
    let result = read(id, tenant, reply, epoch, belief)
    switch result {
    case .hit: node.metrics.hits.add()
    case .miss: node.metrics.misses.add()
    case .bypass: node.metrics.bypasses.add()
    }
    waiter(result)
  }

  private func read(
    _ id: ServiceID, _ tenant: Tenant, _ reply: RedisReply?, _ epoch: Int64, _ belief: UInt64
  ) -> CacheRead {
    guard let reply, node.belief == belief else { return .bypass }
    if let error = reply.error {
      // Something else stands under the key: the write that follows the miss removes it.
      guard !error.hasPrefix("WRONGTYPE") else { return missing(id, epoch) }
      // While slots move the store answers.
      if let redirection = ClusterRedirection(error), let cluster {
        if !redirection.isOnce { _ = cluster.follow(redirection) }
        return .bypass
      }
      closeSoon(.refused(Self.firstWord(error)))
      return .bypass
    }
    guard let entryEpoch = reply[0]?.number else { return missing(id, epoch) }
    guard entryEpoch == epoch else {
      guard entryEpoch < epoch else {
        saw(entryEpoch, under: epoch)
        return .bypass
      }
      return missing(id, epoch)
    }
    guard reply[1]?.number == tenant.rawValue, let revision = reply[2]?.number, let document = reply[3]?.bytes
    else {
      return missing(id, epoch)
    }
    return .hit(document: document, revision: revision)
  }

  private func missing(_ id: ServiceID, _ epoch: Int64) -> CacheRead {
    .miss(CacheMiss(epoch: epoch, writes: node.writes.time(id)))
  }
}
