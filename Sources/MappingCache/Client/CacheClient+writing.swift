import ContextModel

/// Entries on their way to Redis: those of one tick leave in one call of the write script, which costs Redis half of
/// what as many calls do.
extension CacheClient {
  /// Puts an entry beside those of the same tick. Only if ``accepts(_:)``.
  func gather(_ write: GatheredWrite, _ epoch: Int64) {
    if epoch != gatheredEpoch { sendGathered() }
    gatheredEpoch = epoch
    gathered.append(write)
    gatheredBytes += write.service.document.count
    // The entries of a cluster have a slot each, and a script's keys one.
    if isClustered || gathered.count == GatheredWrite.most || gatheredBytes > GatheredWrite.mostBytes {
      sendGathered()
    } else {
      loop.atEndOfTick(self)
    }
  }

  /// Sends what has gathered.
  func sendGathered() {
    guard !gathered.isEmpty else { return }
    let writes = gathered
    gathered = []
    gatheredBytes = 0
    if isAnswering, send(writes, gatheredEpoch, byText: false) { return }
    // The connection has ended since they were taken.
    for write in writes {
      switch write.origin {
      case .change(let waiter):
        skip(write.service.service)
        waiter?()
      case .fill: break
      case .replay:
        miss(write.service.service, .missed)
        replayed()
      }
    }
  }

  private func send(_ writes: [GatheredWrite], _ epoch: Int64, byText: Bool) -> Bool {
    let life = options.timeToLive.milliseconds
    let digest = byText ? nil : digest
    if isClustered {
      writer.write(writes[0].service, epoch: epoch, timeToLive: life, digest: digest)
    } else {
      writer.write(writes, epoch: epoch, timeToLive: life, digest: digest)
    }
    return send(.writes(writes, byText: byText), epoch)
  }

  /// Takes what the write script said of entries.
  func finish(_ writes: [GatheredWrite], _ answer: WriteAnswer, _ command: PendingCommand, _ byText: Bool) {
    // SCRIPT FLUSH. The text makes Redis know it again.
    if case .unknownScript = answer, !byText, send(writes, command.epoch, byText: true) { return }
    if case .elsewhere(let redirection) = answer, let cluster, !isRetired {
      return redirect(writes[0], command, redirection, cluster)
    }
    var refused = Set<Int>()
    switch answer {
    case .written(let places): if !places.isEmpty { refused = Set(places) }
    case .epoch(let epoch): saw(epoch, under: command.epoch)
    // A Redis that refuses is met again after a pause; until then nothing is sent.
    case .error, .unknownScript: closeSoon(reason(answer))
    case .lost, .elsewhere: break
    }
    // In place: a copy of an entry costs more than what is done with it.
    for place in writes.indices {
      switch writes[place].origin {
      case .change(let waiter):
        finishChange(
          writes[place].service.service, answer, isRefused: refused.contains(place), command, waiter)
      case .fill: count(answer, isRefused: refused.contains(place))
      case .replay:
        if !answer.isKept { miss(writes[place].service.service, reason(answer)) }
        replayed()
      }
    }
  }

  /// Sends an entry where the cluster has it now. The redirected command has its own time.
  private func redirect(
    _ write: GatheredWrite, _ command: PendingCommand, _ redirection: ClusterRedirection,
    _ cluster: ClusterRouter
  ) {
    let target = cluster.follow(redirection)
    var write = write
    write.redirections += 1
    // The replay waits for it here, whoever sends it.
    if case .replay = write.origin { write.origin = .change { self.replayed() } }
    if let target, target.accepts(command.epoch), write.redirections <= GatheredWrite.mostRedirections {
      if redirection.isOnce {
        target.writer.command(["ASKING"])
        target.control { _ in }
      }
      if target.send([write], command.epoch, byText: false) { return }
    }
    if write.redirections > GatheredWrite.mostRedirections { cluster.refresh() }
    guard case .change(let waiter) = write.origin else { return }
    cluster.remember(write.service.service, .missed)
    waiter?()
  }

  private func finishChange(
    _ id: ServiceID, _ answer: WriteAnswer, isRefused: Bool, _ command: PendingCommand,
    _ waiter: (() -> Void)?
  ) {
    if case .epoch = answer {
      if let waiter { park(id, until: command.deadline, waiter) } else { miss(id, .epoch) }
      return
    }
    if waiter != nil { count(answer, isRefused: isRefused) }
    if !answer.isKept { miss(id, reason(answer)) }
    waiter?()
  }

  private func count(_ answer: WriteAnswer, isRefused: Bool) {
    if isRefused {
      node.metrics.refused.add()
    } else if answer.isKept {
      node.metrics.written.add()
    } else {
      node.metrics.failed.add()
    }
  }

  func reason(_ answer: WriteAnswer) -> OutageReason {
    switch answer {
    case .written: .missed
    case .epoch: .epoch
    case .unknownScript: .refused("NOSCRIPT")
    case .elsewhere: .missed
    case .error(let word): .refused(word)
    case .lost:
      if let mustClose {
        mustClose
      } else {
        connection?.failure.map { OutageReason($0) } ?? .away("the connection was closed")
      }
    }
  }
}
