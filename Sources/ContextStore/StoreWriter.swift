import ContextModel

/// Keeps batches, one after the other. Used by one commit thread.
///
/// From `begin` to `decided` a batch is alone: no other writer of the engine reads for one of its own meanwhile. What it looks at is
/// its own until it ends; so of two batches that look at the same the later one begins with what the earlier one has left.
protocol StoreWriter: AnyObject, Sendable {
  /// Begins a batch: what is read until it ends is as of this moment.
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

  /// Whether batches bring along what the rows of services are found under: who writes rows at once need not read it out
  /// of documents again.
  var wantsColumns: Bool { get }

  /// Nothing more is read for the batch: `commit` or `abandon` follows.
  func decided(_ batch: Batch)

  /// Keeps the batch, all or nothing, and ends it, also when it throws. When it returns the batch is durable, and visible to readers
  /// that begin later.
  ///
  /// - Throws: `conflict` if it can be decided again, for others have changed the same meanwhile; `refused` if it cannot be
  ///   kept for what is in it. Nothing of it was kept then, nor was it in any other case that is not uncertain.
  func commit(_ batch: Batch) throws(StoreError)

  /// Ends the batch that has begun and was not committed.
  func abandon()

  /// Tries a durable write that changes nothing: whether commits would succeed again.
  func probe() throws(StoreError)
}

extension StoreWriter {
  // One writer, and rows that are written later, unless it says otherwise.
  var wantsColumns: Bool { false }
  func decided(_ batch: Batch) {}
}
