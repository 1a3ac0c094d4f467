public import ContextModel

extension StoreTransaction {
  /// A service that must be there, at a revision that must be wanted.
  ///
  /// - Throws: 404 and 412.
  public func existingService(
    _ id: ServiceID, tenant: Tenant, _ condition: RevisionCondition? = nil
  ) throws(ContextError) -> Service {
    guard let service = try service(id, tenant: tenant) else { throw .serviceNotFound(id) }
    try service.require(condition)
    return service
  }

  /// Keeps the extensions that an event gives, each in place of a former one of that name.
  public func putExtensions(
    of event: Event, to owner: ExtensionOwner, in service: ServiceID, tenant: Tenant
  ) throws(ContextError) {
    for given in event.extensions {
      let key = RecordKey.extension(given.name, of: owner, in: service, tenant: tenant)
      // The first spelling stays.
      let name = try record(key)?.name ?? given.name
      try put(Record(key, name: name, document: given.value.text))
    }
  }
}
