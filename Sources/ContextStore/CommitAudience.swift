public import ContextModel

/// Who must have seen what became durable before the calls that wrote it go on: the mapping cache.
///
/// A batch of the store comes as a whole, on one loop: whoever tells others of it wakes them once.
public protocol CommitAudience: Sendable {
  /// What is known before a change is handed to the store. Comes back with its mapping.
  func ticket() -> Int64

  /// The mappings of a batch, in the order of commit. On the thread of one of the store's loops, which may be another
  /// one than the callers'.
  func show(_ commits: [ShownCommit])

  /// Services of changes that have failed and may be kept all the same, for nobody could tell in time. Whoever knows something of
  /// them asks the store. On the thread of one of its loops, when the store works again.
  func doubt(_ services: [ServiceID])
}

/// What a change that is durable made of its service, and who waits to hear of it.
public struct ShownCommit: Sendable {
  /// The service after the change.
  public let mapping: Mapping
  /// From before the change was handed to the store.
  public let ticket: Int64
  /// Lets the caller go on. To be called exactly once, on the loop where it was shown.
  public let release: @Sendable () -> Void
}
