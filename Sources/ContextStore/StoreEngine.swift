import ContextModel

/// Where records are kept, a batch at a time. It knows nothing of what they mean.
///
/// `makeReader`, `newestChange` and `backlog` are called by any thread, `close` when the threads have ended, everything else by the commit thread alone.
protocol StoreEngine: AnyObject, Sendable {
  /// Begins a batch: what is read until `commit` or `abandon` is as of this moment.
  func begin() throws(StoreError) -> StoreCounters

  /// Reads many services, in any order; a service that does not exist is handed over as `nil`. Whose a service is, it
  /// says itself.
  func loadServices(_ ids: [Int64], _ take: (ServiceID, Service?) -> Void) throws(StoreError)

  /// Reads one service; `nil` if there is none.
  func service(_ id: Int64) throws(StoreError) -> Service?

  /// Reads one record; `nil` if there is none. A service may be another tenant's: its own key tells.
  func record(_ key: RecordKey) throws(StoreError) -> Record?

  /// Reads the records of one kind that belong to a service, in the order of their keys.
  func records(_ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Record]

  /// Reads the services of a list, in its order.
  func services(_ query: ServiceQuery) throws(StoreError) -> [Record]

  /// Keeps a batch, all or nothing. Durable, and visible to readers that begin later, when it returns. Ends the batch
  /// also when it throws.
  func commit(_ batch: Batch) throws(StoreError)

  /// Ends a batch that changed nothing.
  func abandon()

  /// The number of the newest change.
  var newestChange: Int64 { get }

  /// How many bytes were kept that are not in the tables yet.
  var backlog: Int { get }

  /// Tries a durable write that changes nothing: whether commits would succeed again.
  func probe() throws(StoreError)

  /// A new reader with its own connection, to be used by one thread at a time.
  func makeReader() throws(StoreError) -> any StoreReader

  /// Lets go of everything.
  func close()
}

/// Reads what an engine keeps. One thread at a time.
protocol StoreReader: AnyObject {
  /// Until `end` everything is read as of one moment, which is not before this call.
  func begin() throws(StoreError)
  /// Ends what `begin` began; also after a failure.
  func end()

  /// Waits until all that was acknowledged before this call is in the tables themselves; called before `begin`.
  ///
  /// Records by their keys, those of a service and the lists of services are up to date without it. Any other query
  /// – by attributes, by time, over everything – reads tables alone and asks for this first.
  func settle() throws(StoreError)

  /// One record, `nil` if there is none. A service may be another tenant's: its own key tells.
  func record(_ key: RecordKey) throws(StoreError) -> Record?
  /// The records of one kind that belong to a service, in the order of their keys.
  func records(_ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Record]
  /// The services of a list, in its order.
  func services(_ query: ServiceQuery) throws(StoreError) -> [Record]
  /// The changes behind a number, in order, at most `limit`; `nil` if they are not kept any more.
  func changes(after sequence: Int64, limit: Int) throws(StoreError) -> [Change]?
  /// To whom a service belonged, the newest association first. Asks for `settle` first.
  func associations(of service: ServiceID, tenant: Tenant) throws(StoreError) -> [Association]
  /// The customers found under values of an identification key: the records whose names lie in a range. Asks for `settle`
  /// first if the range is that of all names; else the range begins with a whole value.
  func customers(
    key: Int64, from first: String, to end: String, tenant: Tenant, limit: Int
  ) throws(StoreError) -> [(name: String, customer: String)]
  /// The profiles behind one, in the order of their customers. Asks for `settle` first.
  func profiles(after customer: String, tenant: Tenant, limit: Int) throws(StoreError) -> [Record]
  /// The tenants that have, or had, identification keys. Asks for `settle` first.
  func tenantsWithKeys() throws(StoreError) -> [Tenant]
  /// What walks over everything. Asks for `settle` first.
  func walk() throws(StoreError) -> ServiceWalk
  /// All schemas.
  func schemas() throws(StoreError) -> [StoredSchema]
}
