/// What the cache has for a service.
public enum CacheRead: Sendable {
  /// The entry, not older than the newest write that had returned when the read began.
  case hit(document: [UInt8], revision: Int64)
  /// No entry, or none that counts: ask the store, and then ``MappingCache/fill(_:after:)``.
  case miss(CacheMiss)
  /// Redis is away or slow, or the node does not believe its cache: ask the store.
  case bypass
}

/// What was known when the cache had no entry. Taken before the store is asked, it lets a fill that comes too late
/// be told from one that is still right.
public struct CacheMiss: Sendable {
  let epoch: Int64
  let writes: UInt32
}

/// What was known before a change was handed to the store: a write whose epoch has passed since is replayed with
/// the store's newest state instead of putting back what may be old by now.
public struct CacheTicket: Sendable {
  /// The epoch that the node knew; for keeping only.
  public let epoch: Int64

  /// A ticket that was kept.
  public init(epoch: Int64) { self.epoch = epoch }
}
