import ContextModel

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
