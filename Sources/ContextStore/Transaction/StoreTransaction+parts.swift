public import ContextModel

extension StoreTransaction {
  /// A state or task that must be there, at a revision that must be wanted.
  ///
  /// - Throws: 404 and 412.
  public func existingPart(
    _ kind: ServicePart.Kind, _ id: PartID, of service: ServiceID, tenant: Tenant,
    _ condition: RevisionCondition? = nil
  ) throws(ContextError) -> ServicePart {
    guard let record = try record(.part(kind, id, of: service, tenant: tenant)) else {
      throw .partNotFound(kind, id, of: service)
    }
    let part = try part(record)
    try part.require(condition)
    return part
  }

  /// All states or all tasks of a service, in the order of their ids.
  public func parts(
    _ kind: ServicePart.Kind, of service: ServiceID, tenant: Tenant
  ) throws(ContextError) -> [ServicePart] {
    var parts: [ServicePart] = []
    for record in try records(RecordKey.Kind(kind), of: service, tenant: tenant) {
      parts.append(try part(record))
    }
    return parts.sorted { $0.id < $1.id }
  }

  /// Keeps a state or task that was changed or is new.
  public func put(_ part: ServicePart, tenant: Tenant) throws(ContextError) {
    try put(
      Record(
        .part(part.kind, part.id, of: part.service, tenant: tenant), revision: part.revision,
        document: part.document))
  }

  /// Removes a service with its states, tasks and all extensions.
  public func deleteWhole(_ service: Service) throws(ContextError) {
    for kind in [RecordKey.Kind.extension, .task, .state] {
      for record in try records(kind, of: service.id, tenant: service.tenant) { try delete(record.key) }
    }
    try delete(service)
  }

  /// Removes a service with all that is in it, and says so in the change sequence.
  ///
  /// - Parameter namingCustomer: whether that tells whose it was.
  func deleteWhole(
    _ service: Service, at: Timestamp, principal: String?, namingCustomer: Bool = true
  ) throws(ContextError) {
    note(
      Change(
        .delete, tenant: service.tenant, service: service.id, revision: service.revision + 1, at: at,
        customerBefore: namingCustomer ? service.customerID : nil, principal: principal,
        event: Array("{}".utf8)))
    try deleteWhole(service)
  }

  /// Removes all services of a customer.
  func deleteServices(
    of customer: String, tenant: Tenant, at: Timestamp, principal: String?, namingCustomer: Bool = true
  ) throws(ContextError) -> [ServiceID] {
    var deleted: [ServiceID] = []
    for service in try services(of: .customer(customer), tenant: tenant) {
      try deleteWhole(service, at: at, principal: principal, namingCustomer: namingCustomer)
      deleted.append(service.id)
    }
    return deleted
  }

  private func part(_ record: Record) throws(ContextError) -> ServicePart {
    guard let part = documents.part(record) else {
      throw fail(
        StoreError(.damaged, "the document of a state or task of service \(record.key.service) is damaged"))
    }
    return part
  }
}
