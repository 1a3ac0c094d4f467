import ContextModel

extension CacheClient {
  /// What the write script said.
  private enum WriteAnswer {
    case written
    case refused
    /// The epoch in Redis is this one; 0 if there is none.
    case epoch(Int64)
    case unknownScript
    case error(String)
    /// There will be no answer.
    case lost
  }

  func connectionAnswered(_ connection: RedisConnection, _ reply: RedisReply?) {
    guard let command = pending.popFirst() else { preconditionFailure("an answer to no command") }
    if overdue > 0 { overdue -= 1 }
    // What was waited for may have come, or there is room again for what Redis has missed.
    if reported != .up { loop.atEndOfTick(self) }
    switch command.purpose {
    case .write(let service, let byText, let waiter):
      finishWrite(service, answer(reply), command, byText, waiter)
    case .read(let id, let tenant, let belief, let waiter?):
      finishRead(id, tenant, reply, command.epoch, belief, waiter)
    case .read: break
    case .fill(let service):
      finishFill(service, answer(reply), command)
    case .replay(let service, let byText):
      finishReplay(service, answer(reply), command, byText)
    case .remove(let id):
      finishRemoval(id, reply)
    case .control(let body):
      body(reply)
    }
  }

  private func answer(_ reply: RedisReply?) -> WriteAnswer {
    guard let reply else { return .lost }
    switch reply.integer {
    case 1: return .written
    case 0: return .refused
    default: break
    }
    if let error = reply.error {
      let word = Self.firstWord(error)
      return word == "NOSCRIPT" ? .unknownScript : .error(word)
    }
    return .epoch(reply.number ?? 0)
  }

  private func finishWrite(
    _ service: CachedService, _ answer: WriteAnswer, _ command: PendingCommand, _ byText: Bool,
    _ waiter: UnsafeContinuation<Void, Never>?
  ) {
    switch answer {
    case .written:
      if waiter != nil { node.metrics.written.add() }
    case .refused:
      if waiter != nil { node.metrics.refused.add() }
    case .unknownScript where !byText:
      // SCRIPT FLUSH. The text makes Redis know it again.
      write(service, command.epoch, byText: true)
      if send(.write(service, byText: true, waiter), command.epoch) { return }
      if waiter != nil { node.metrics.failed.add() }
      miss(service.service, reason(answer))
    case .epoch:
      follow(answer, command)
      if let waiter {
        park(service.service, until: command.deadline, waiter)
      } else {
        miss(service.service, .epoch)
      }
      return
    case .unknownScript, .error, .lost:
      if waiter != nil { node.metrics.failed.add() }
      miss(service.service, reason(answer))
      follow(answer, command)
    }
    waiter?.resume()
  }

  private func finishFill(_ service: CachedService, _ answer: WriteAnswer, _ command: PendingCommand) {
    switch answer {
    case .written: node.metrics.written.add()
    case .refused: node.metrics.refused.add()
    case .unknownScript:
      // Not worth a second try, but the next write is spared one.
      writer.loadWriteScript()
      control { _ in }
    case .epoch, .error, .lost:
      node.metrics.failed.add()
      follow(answer, command)
    }
  }

  private func finishReplay(
    _ service: CachedService, _ answer: WriteAnswer, _ command: PendingCommand, _ byText: Bool
  ) {
    if case .unknownScript = answer, !byText {
      write(service, command.epoch, byText: true)
      if send(.replay(service, byText: true), command.epoch) { return }
    }
    switch answer {
    case .written, .refused: break
    case .epoch, .unknownScript, .error, .lost:
      miss(service.service, reason(answer))
      follow(answer, command)
    }
    replayed()
  }

  private func finishRemoval(_ id: ServiceID, _ reply: RedisReply?) {
    if reply?.integer == nil {
      let answer = answer(reply)
      miss(id, reason(answer))
      if let error = reply?.error { closeSoon(.refused(Self.firstWord(error))) }
    }
    replayed()
  }

  /// What an answer means for the connection and the node.
  private func follow(_ answer: WriteAnswer, _ command: PendingCommand) {
    switch answer {
    case .epoch(let epoch): saw(epoch, under: command.epoch)
    // A Redis that refuses is met again after a pause; until then nothing is sent.
    case .error, .unknownScript: closeSoon(reason(answer))
    case .written, .refused, .lost: break
    }
  }

  private func reason(_ answer: WriteAnswer) -> OutageReason {
    switch answer {
    case .written, .refused: .missed
    case .epoch: .epoch
    case .unknownScript: .refused("NOSCRIPT")
    case .error(let word): .refused(word)
    case .lost:
      if let mustClose { mustClose } else { .away(connection?.failure ?? "the connection was closed") }
    }
  }

  private func finishRead(
    _ id: ServiceID, _ tenant: Tenant, _ reply: RedisReply?, _ epoch: Int64, _ belief: UInt64,
    _ waiter: UnsafeContinuation<CacheRead, Never>
  ) {
    let result = read(id, tenant, reply, epoch, belief)
    switch result {
    case .hit: node.metrics.hits.add()
    case .miss: node.metrics.misses.add()
    case .bypass: node.metrics.bypasses.add()
    }
    waiter.resume(returning: result)
  }

  private func read(
    _ id: ServiceID, _ tenant: Tenant, _ reply: RedisReply?, _ epoch: Int64, _ belief: UInt64
  ) -> CacheRead {
    guard let reply, node.belief == belief else { return .bypass }
    if let error = reply.error {
      // Something else stands under the key: the write that follows the miss removes it.
      guard !error.hasPrefix("WRONGTYPE") else { return missing(id, epoch) }
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
