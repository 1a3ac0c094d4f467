import ContextModel

/// What all parts of a node's cache are made with.
struct CacheSetup: Sendable {
  let node: CacheNode
  let location: RedisLocation
  let options: CacheOptions
  let resolver = HostResolver()
  /// How many services whose write Redis missed each loop remembers.
  let missedLimit: Int
  /// The newest state of services in the store, see ``MappingCache``.
  let reload: @Sendable ([ServiceID]) async throws -> [CachedService]
}
