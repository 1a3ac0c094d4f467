import ContextModel

/// Where records are kept. It knows nothing of what they mean.
///
/// `watch` is called once, before the first batch, `close` when the threads have ended, everything else on any thread.
protocol StoreEngine: AnyObject, Sendable {
  /// What keeps batches: one at least. Each is used by a thread of its own, all at the same time.
  var writers: [any StoreWriter] { get }

  /// What this server is called among those that work on the store; `nil` if no other one can.
  var node: String? { get }

  /// Tells this store from others; as old as the store.
  var identity: Int64 { get }

  /// The number of the newest change.
  var newestChange: Int64 { get }

  /// How many bytes were kept that are not in the tables yet.
  var backlog: Int { get }

  /// A new reader with its own connection, to be used by one thread at a time.
  func makeReader() throws(StoreError) -> any StoreReader

  /// How often a store that has nothing to do is probed, in milliseconds; `nil` if its batches tell soon enough.
  var probeInterval: Int? { get }

  /// Begins to tell what other servers do. The body is called on a thread of the engine; while it answers `false`, it has not
  /// taken in that something `shared` was changed, and is told again.
  func watch(_ body: @escaping @Sendable (StoreNews) -> Bool)

  /// Asks for what one of all servers of the store may do at a time.
  func lease(_ name: String) -> StoreLease

  /// Takes what is left of an erased person out of the files; see `ContextStore.removeTraces`. Blocks.
  func removeTraces(of erasure: Erasure) throws(StoreError) -> Erasure.Traces

  /// Lets go of everything.
  func close()
}

extension StoreEngine {
  // One server, unless an engine says otherwise.
  var node: String? { nil }
}
