import ContextModel
import EventLoop

/// A loop's view of a Redis Cluster: a client for each master, and which of them has a service. Loop thread only.
///
/// The map is asked for at the start, when a node sends a command elsewhere, when a connection ends, and every now and
/// then. While a slot has no master the cache is not believed.
final class ClusterRouter: @unchecked Sendable {
  private let seeds: [RedisAddress]
  private let access: RedisAccess
  private let loop: EventLoop
  private let node: CacheNode
  private let resolver: HostResolver
  private let options: CacheOptions
  private let make: (RedisAddress, ClusterRouter) -> CacheClient
  /// The router's own place among those who must be up.
  private let index: Int

  private(set) var clients: [RedisAddress: CacheClient] = [:]
  private var slots: [CacheClient?] = Array(repeating: nil, count: ClusterSlot.count)
  /// What was missed while its slot had no master.
  private var orphans: MissedWrites
  private var isAsking = false
  private var isStopped = false
  private var timer: Timer?
  private var backoff: Backoff

  /// How often the map is asked for when nothing happens.
  private static let interval = Duration.seconds(5)

  init(
    _ seeds: [RedisAddress], _ setup: CacheSetup, on loop: EventLoop,
    make: @escaping (RedisAddress, ClusterRouter) -> CacheClient
  ) {
    self.seeds = seeds
    self.loop = loop
    access = setup.location.access
    node = setup.node
    resolver = setup.resolver
    options = setup.options
    self.make = make
    index = node.addClient("")
    orphans = MissedWrites(limit: setup.missedLimit)
    backoff = Backoff(shortest: options.shortestPause, longest: options.longestPause)
  }

  /// Who has the epoch; `nil` while nobody is known to.
  var owner: CacheClient? { slots[ClusterSlot.epoch] }

  /// Who has a service; `nil` while nobody is known to.
  func client(for id: ServiceID) -> CacheClient? { slots[ClusterSlot.of(id)] }

  func start() { refresh() }

  /// Ends for good; see `CacheClient.stop`.
  func stop(_ completion: @escaping @Sendable () -> Void) {
    isStopped = true
    timer?.cancel()
    if node.state.isBelieved { owner?.endsLease = true }
    node.report(index, .down, nil)
    // The owner of the epoch last: it gives the lease back.
    stop(clients.values.filter { $0 !== owner } + (owner.map { [$0] } ?? []), completion)
  }

  private func stop(_ rest: [CacheClient], _ completion: @escaping @Sendable () -> Void) {
    guard let first = rest.first else { return completion() }
    first.stop { self.stop(Array(rest.dropFirst()), completion) }
  }

  /// Asks for the map, now.
  func refresh() {
    guard !isAsking, !isStopped else { return }
    isAsking = true
    timer?.cancel()
    let known = clients.keys.sorted { "\($0)" < "\($1)" }.shuffled()
    RedisQuestion(
      ["CLUSTER", "SLOTS"], of: known + seeds.filter { clients[$0] == nil }, access: access, on: loop,
      resolver: resolver, timeout: options.connectTimeout
    ) { reply, asked in
      ClusterMap(reply, from: asked)
    } completion: { found in
      self.isAsking = false
      guard !self.isStopped else { return }
      switch found {
      case .success(let map): self.take(map)
      case .failure(let failure):
        let reason = "the cluster's map is not known: \(failure.reason)"
        self.report(OutageReason(RedisConnectError(reason: reason, isLasting: failure.isLasting)))
      }
      let pause = self.isComplete ? Self.interval : self.backoff.pause()
      self.timer = self.loop.schedule(after: pause) { [weak self] in self?.refresh() }
    }
  }

  private var isComplete: Bool { !slots.contains { $0 == nil } && orphans.isEmpty }

  private func report(_ reason: OutageReason?) {
    guard isComplete else { return node.report(index, .down, reason) }
    backoff.reset()
    node.report(index, .up, nil)
  }

  private func take(_ map: ClusterMap) {
    var used: Set<RedisAddress> = []
    var places: [CacheClient?] = Array(repeating: nil, count: ClusterSlot.count)
    for (range, master) in map.ranges {
      used.insert(master)
      let client = client(at: master)
      for slot in range { places[slot] = client }
    }
    slots = places
    for (address, client) in clients where !used.contains(address) {
      clients[address] = nil
      client.retire()
    }
    adoptOrphans()
    report(.away("a slot of the cluster has no master"))
    for client in clients.values { client.proceed() }
  }

  private func client(at address: RedisAddress) -> CacheClient {
    if let client = clients[address] { return client }
    let client = make(address, self)
    clients[address] = client
    client.start()
    return client
  }

  private func adoptOrphans() {
    if orphans.areLost {
      guard let owner else { return }
      owner.lose()
      orphans.reset()
    }
    for id in orphans.take(.max) { remember(id, .missed) }
  }

  /// Redis may lack this service's newest state: whoever has it sends it.
  func remember(_ id: ServiceID, _ reason: OutageReason) {
    if let client = client(for: id), !client.isRetired { return client.miss(id, reason) }
    orphans.insert(id)
    report(reason)
    refresh()
  }

  /// It is not known any more which services Redis lacks.
  func lose() {
    if let owner, !owner.isRetired { return owner.lose() }
    orphans.lose()
    report(.missed)
  }

  /// Learns from a redirection.
  ///
  /// - Returns: who takes the command.
  func follow(_ redirection: ClusterRedirection) -> CacheClient? {
    if !redirection.isOnce {
      if let client = clients[redirection.address] { slots[redirection.slot] = client }
      refresh()
    } else if clients[redirection.address] == nil {
      // A master without slots of its own is in no map.
      _ = client(at: redirection.address)
    }
    return clients[redirection.address]
  }
}
