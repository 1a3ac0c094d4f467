import ContextModel

/// Where records are kept, a batch at a time. It knows nothing of what they mean.
///
/// `makeReader`, `identity`, `newestChange`, `backlog` and `lease` are called by any thread, `watch` once before the first batch,
/// `close` when the threads have ended, everything else by the commit thread alone.
protocol StoreEngine: AnyObject, Sendable {
  /// Begins a batch: what is read until `commit` or `abandon` is as of this moment.
  func begin() throws(StoreError) -> StoreCounters

  /// Reads what a batch is known to look at: services and other records, in any order. What does not exist is handed over
  /// as `nil`; of what is handed over twice the first counts. Whose a service is, it says itself; it may be taken out of
  /// where it lies, for it is too large to be handed on. Called once a batch, before anything else is read.
  func load(
    _ services: [Int64], _ keys: [RecordKey], service: (ServiceID, inout Service?) -> Void,
    record: (RecordKey, Record?) -> Void) throws(StoreError)

  /// Reads one service; `nil` if there is none.
  func service(_ id: Int64) throws(StoreError) -> Service?

  /// Reads one record; `nil` if there is none. A service may be another tenant's: its own key tells.
  func record(_ key: RecordKey) throws(StoreError) -> Record?

  /// Reads the records of one kind that belong to a service, in the order of their keys.
  func records(_ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Record]

  /// Reads the services of a list, in its order.
  func services(_ query: ServiceQuery) throws(StoreError) -> [Record]

  /// Service ids for the batch when those of its counters are used up.
  func moreServiceIDs() throws(StoreError) -> Range<Int64>

  /// What this server is called among those that work on the store; `nil` if no other one can.
  var node: String? { get }

  /// Whether the next batch may begin while one is being kept: between its `commit` and its `finish`.
  var overlapsBatches: Bool { get }

  /// Whether batches bring along what the rows of services are found under: who writes rows at once need not read it out
  /// of documents again.
  var wantsColumns: Bool { get }

  /// Begins to keep a batch while a former one may still be on its way. Nothing counts before `commit`.
  func prepare(_ batch: Batch) throws(StoreError)

  /// Keeps a batch, all or nothing. Ends it also when it throws. An engine without overlapping batches throws what `finish`
  /// would.
  func commit(_ batch: Batch) throws(StoreError)

  /// Waits until the batch that was committed last is durable, and visible to readers that begin later.
  ///
  /// - Throws: `conflict` if it can be decided again, for others have changed the same meanwhile; `refused` if it cannot be
  ///   kept for what is in it. Nothing of it was kept then, nor was it in any other case that is not uncertain.
  func finish() throws(StoreError)

  /// Ends the batch that has begun and was not committed.
  func abandon()

  /// Tells this store from others; as old as the store.
  var identity: Int64 { get }

  /// The number of the newest change.
  var newestChange: Int64 { get }

  /// How many bytes were kept that are not in the tables yet.
  var backlog: Int { get }

  /// Tries a durable write that changes nothing: whether commits would succeed again.
  func probe() throws(StoreError)

  /// A new reader with its own connection, to be used by one thread at a time.
  func makeReader() throws(StoreError) -> any StoreReader

  /// How often a store that has nothing to do is probed, in milliseconds; `nil` if its batches tell soon enough.
  var probeInterval: Int? { get }

  /// Begins to tell what other servers do. The body is called on a thread of the engine; while it answers `false`, it has not
  /// taken in that something `shared` was changed, and is told again.
  func watch(_ body: @escaping @Sendable (StoreNews) -> Bool)

  /// Asks for what one of all servers of the store may do at a time.
  func lease(_ name: String) -> StoreLease

  /// Takes what is left of an erased person out of the files; see `ContextStore.removeTraces`. Any thread. Blocks.
  func removeTraces(of erasure: Erasure) throws(StoreError) -> Erasure.Traces

  /// Lets go of everything.
  func close()
}

extension StoreEngine {
  // One server, and one batch after the other, unless an engine says otherwise.
  var node: String? { nil }
  var overlapsBatches: Bool { false }
  var wantsColumns: Bool { false }
  func prepare(_ batch: Batch) throws(StoreError) {}
  func finish() throws(StoreError) {}
}
