import ContextModel
import EventLoop

extension CacheClient {
  /// Sends the newest state of the next missed services. One batch at a time.
  func replay() {
    guard replaying == 0, !missed.isEmpty else { return }
    let epoch = node.epoch
    guard accepts(epoch) else { return }
    let ids = missed.take(options.replayBatch).filter { id in
      // Its slot may have moved since.
      guard let cluster, cluster.client(for: id) !== self else { return true }
      cluster.remember(id, .missed)
      return false
    }
    guard !ids.isEmpty else { return loop.atEndOfTick(self) }
    // Before the store is asked, see WriteClock.
    let times = ids.map { node.writes.time($0) }
    let attempt = attempt
    replaying = 1
    loop.runTask {
      do {
        let services = try await self.reload(ids)
        self.replay(services, of: ids, since: times, epoch, attempt)
        self.replayed()
      } catch {
        // The store is away. It is asked again after a pause; until then the cache is not believed.
        for id in ids { self.miss(id, .missed) }
        self.loop.schedule(after: self.backoff.pause()) { [weak self] in self?.replayed() }
      }
    }
  }

  private func replay(
    _ services: [CachedService], of ids: [ServiceID], since times: [UInt32], _ epoch: Int64, _ attempt: Int
  ) {
    var found: [ServiceID: CachedService] = [:]
    for service in services { found[service.service] = service }
    for (id, time) in zip(ids, times) {
      guard self.attempt == attempt, node.writes.time(id) == time, accepts(epoch) else {
        miss(id, .missed)
        continue
      }
      if let service = found[id] {
        replaying += 1
        gather(GatheredWrite(service: service, origin: .replay), epoch)
      } else {
        sendGathered()
        writer.remove(id)
        if send(.remove(id), epoch) { replaying += 1 } else { miss(id, .missed) }
      }
    }
  }

  /// One of the replay's commands is answered.
  func replayed() {
    replaying -= 1
    if replaying == 0 { loop.atEndOfTick(self) }
  }
}
