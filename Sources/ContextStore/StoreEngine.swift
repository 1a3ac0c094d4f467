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

/// What another server has done on the same store, or the store itself.
enum StoreNews: Sendable {
  /// The change sequence has grown to this number.
  case changes(Int64)
  /// Something was changed that every server keeps in mind: extension schemas, settings.
  case shared
  /// How often each server has committed something, see `ContextStore.commitsOfNodes`.
  case commits([String: Int64])
  /// The store has lost changes that it had acknowledged: the change sequence goes on behind this number.
  case lost(Int64)
}

/// Gives records by their keys. One thread at a time.
protocol RecordSource: AnyObject {
  /// One record, `nil` if there is none. A service may be another tenant's: its own key tells.
  func record(_ key: RecordKey) throws(StoreError) -> Record?
  /// The records of one kind that belong to a service, in the order of their keys.
  func records(_ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Record]
}

/// Reads what an engine keeps. One thread at a time.
protocol StoreReader: RecordSource {
  /// Whether everything until `end` is read as of one moment; else each record and each list is read as of a moment of its own.
  var readsOneMoment: Bool { get }

  /// Waits as `settle` does and gives all records as of one moment after that, until anything else is read.
  func settledRecords() throws(StoreError) -> any RecordSource

  /// What is read until `end` is as of a moment that is not before this call.
  func begin() throws(StoreError)
  /// Ends what `begin` began; also after a failure.
  func end()

  /// Waits until all that was acknowledged before this call is in the tables themselves; called before `begin`.
  ///
  /// Records by their keys, those of a service and the lists of services are up to date without it. Any other query
  /// – by attributes, by time, over everything – reads tables alone and asks for this first.
  func settle() throws(StoreError)

  /// Tells which services will be asked for until `end`: those who are far from their data ask once for all.
  func expect(_ services: @autoclosure () -> [Int64]) throws(StoreError)

  /// The services of a list, in its order.
  func services(_ query: ServiceQuery) throws(StoreError) -> [Record]
  /// The changes behind a number, in order, at most `limit`; `nil` if they are not kept any more.
  func changes(after sequence: Int64, limit: Int) throws(StoreError) -> [Change]?
  /// To whom a service belonged, the newest association first. Asks for `settle` first.
  func associations(of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Association]
  /// In which events interactions were named. Asks for `settle` first.
  func mentions(_ query: InteractionMention.Query, tenant: Tenant) throws(StoreError) -> [InteractionMention]
  /// The customers found under values of an identification key: the records whose names lie in a range. Asks for `settle`
  /// first if the range is that of all names; else the range begins with a whole value.
  func customers(
    key: Int64, from first: String, to end: String, tenant: Tenant, limit: Int
  ) throws(StoreError) -> [(name: String, customer: String)]
  /// The profiles behind one, in the order of their customers. Asks for `settle` first.
  func profiles(after customer: String, tenant: Tenant, limit: Int) throws(StoreError) -> [Record]
  /// The tenants that have, or had, identification keys. Asks for `settle` first.
  func tenantsWithKeys() throws(StoreError) -> [Tenant]
  /// The services of a tenant behind one, in the order of their ids. Asks for `settle` first.
  func services(after id: Int64, tenant: Tenant, limit: Int) throws(StoreError) -> [Record]
  /// The services that are due at a moment, the longest due first. Asks for `settle` first.
  func dueServices(at moment: Timestamp, limit: Int) throws(StoreError) -> [(Tenant, ServiceID)]
  /// Idempotency keys from before a moment, the oldest first. Asks for `settle` first.
  func idempotencyKeys(
    before moment: Timestamp, limit: Int
  ) throws(StoreError) -> [(tenant: Tenant, key: String)]
  /// The idempotency keys of calls whose answers name a customer. Asks for `settle` first.
  func idempotencyKeys(naming customer: String, tenant: Tenant) throws(StoreError) -> [String]
  /// The services of a page of the history that a customer had, and the last service that was looked at; `nil` behind the
  /// last page. Asks for `settle` first.
  func services(
    associatedWith customer: String, after service: Int64, tenant: Tenant, limit: Int
  ) throws(StoreError) -> (ids: [ServiceID], last: Int64?)
  /// All schemas.
  func schemas() throws(StoreError) -> [StoredSchema]
}
