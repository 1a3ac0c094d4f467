import ContextModel

/// How records of one kind lie in the database: one row each. Belongs to one connection, and to its thread.
protocol RecordTable: AnyObject {
  /// One record, `nil` if there is none.
  func record(_ key: RecordKey) throws(StoreError) -> Record?
  /// Those that belong to a service, in the order of their keys.
  func records(of service: ServiceID, _ tenant: Tenant) throws(StoreError) -> [Record]
  /// Keeps a record, in place of a former one.
  func save(_ record: Record) throws(StoreError)
  /// Removes a record, if it is there.
  func delete(_ key: RecordKey) throws(StoreError)
}

extension RecordTable {
  /// Most kinds do not belong to services.
  func records(of service: ServiceID, _ tenant: Tenant) throws(StoreError) -> [Record] { [] }
}
