import ContextModel
import EventLoop
import LiaisonKit

/// A loop's part of the cache: its client, or a cluster's. Loop thread only.
final class CacheLoop: @unchecked Sendable {
  let loop: EventLoop
  /// `nil` if Redis is a cluster.
  let only: CacheClient?
  /// `nil` if it is none.
  let cluster: ClusterRouter?
  private let node: CacheNode
  private let options: CacheOptions

  /// - Parameter changed: tells all loops of the node to look at the epoch again.
  init(_ setup: CacheSetup, on loop: EventLoop, isFirst: Bool, changed: @escaping () -> Void) {
    self.loop = loop
    node = setup.node
    options = setup.options
    func client(_ topology: any RedisTopology, _ place: String, _ cluster: ClusterRouter?) -> CacheClient {
      let client = CacheClient(
        setup, on: loop, isFirst: isFirst, topology: topology, place: place, cluster: cluster)
      client.epochChanged = changed
      return client
    }
    switch setup.location.topology {
    case .single(let address): (only, cluster) = (client(SingleRedis(address), "", nil), nil)
    case .sentinel(let sentinels, let name):
      let master = SentinelMaster(name, of: sentinels, setup, on: loop)
      (only, cluster) = (client(master, "", nil), nil)
    case .cluster(let seeds):
      let router = ClusterRouter(seeds, setup, on: loop) { address, router in
        client(SingleRedis(address), address.authority, router)
      }
      (only, cluster) = (nil, router)
    }
  }

  /// Who has a service; `nil` while no master is known that does.
  func client(for id: ServiceID) -> CacheClient? { only ?? cluster?.client(for: id) }

  /// Connects.
  func start() {
    only?.start()
    guard let cluster else { return }
    cluster.start()
    loop.schedule(after: options.connectTimeout) { [node] in node.attempted() }
  }

  /// See `CacheClient.proceed`.
  func proceed() {
    only?.proceed()
    for client in cluster?.clients.values.map({ $0 }) ?? [] { client.proceed() }
  }

  /// A change that no client can send: its newest state is replayed later.
  func skip(_ id: ServiceID) {
    node.metrics.skipped.add()
    cluster?.remember(id, .missed)
  }

  /// See `CacheClient.lose`.
  func lose() {
    only?.lose()
    cluster?.lose()
  }

  /// Ends for good.
  func stop(_ completion: @escaping @Sendable () -> Void) {
    if let only { only.stop(completion) } else { cluster?.stop(completion) }
  }
}
