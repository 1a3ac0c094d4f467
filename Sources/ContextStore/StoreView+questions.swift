import ContextModel

// What the store is asked: an answer each.
extension StoreView {
  /// A service; `nil` if the tenant has none of that id.
  func service(
    _ id: ServiceID, _ tenant: Tenant, _ extensions: ExtensionSelection, _ parts: PartSelection?
  ) throws(StoreError) -> ServiceRecord? {
    guard let record = try record(.service(id, tenant: tenant)) else { return nil }
    return try service(record, id, extensions, parts)
  }

  /// A record of the tenant that asks.
  func record(_ key: RecordKey) throws(StoreError) -> Record? { try record(key, in: reader) }

  /// To whom a service belonged; `nil` if there is no such service.
  func associations(of id: ServiceID, _ tenant: Tenant) throws(StoreError) -> [Association]? {
    guard try record(.service(id, tenant: tenant)) != nil else { return nil }
    return try reader.associations(of: id, tenant: tenant)
  }

  /// The mappings of services that are there.
  func mappings(of services: [(Tenant, ServiceID)]) throws(StoreError) -> [Mapping] {
    var mappings: [Mapping] = []
    mappings.reserveCapacity(services.count)
    for (tenant, id) in services {
      if let record = try record(.service(id, tenant: tenant)) { mappings.append(try mapping(of: record)) }
    }
    return mappings
  }

  /// The same, whosever they are.
  func mappings(ofAnyTenant services: [ServiceID]) throws(StoreError) -> [Mapping] {
    var mappings: [Mapping] = []
    for id in services {
      // Whose a service is, it says itself.
      if let record = try reader.record(.service(id, tenant: .single)) {
        mappings.append(try mapping(of: record))
      }
    }
    return mappings
  }

  private func mapping(of record: Record) throws(StoreError) -> Mapping {
    Mapping(of: try documents.requiredService(record, record.key.service), document: record.document)
  }

  /// A customer's profile; `nil` if there is none.
  func profile(of customer: String, _ tenant: Tenant) throws(StoreError) -> ProfileRecord? {
    guard let record = try record(.profile(customer, tenant: tenant)) else { return nil }
    return try profile(record)
  }

  /// The profiles behind one.
  func profiles(
    after customer: String, _ tenant: Tenant, limit: Int
  ) throws(StoreError) -> [ProfileRecord] {
    var profiles: [ProfileRecord] = []
    for record in try reader.profiles(after: customer, tenant: tenant, limit: limit) {
      profiles.append(try profile(record))
    }
    return profiles
  }

  private func profile(_ record: Record) throws(StoreError) -> ProfileRecord {
    guard let profile = documents.profile(record) else {
      throw StoreError(.damaged, "the profile of a customer is damaged")
    }
    return profile
  }

  /// The identification keys of a tenant.
  func storedKeys(_ tenant: Tenant) throws(StoreError) -> StoredKeys {
    let record = try record(.identificationKeys(tenant: tenant))
    return record.flatMap { documents.identificationKeys($0) } ?? StoredKeys()
  }

  /// The customers that a key finds under its first values, each once.
  func customers(
    by key: IdentificationKey, _ values: [String], _ tenant: Tenant, limit: Int
  ) throws(StoreError) -> Candidates {
    if key.isUnique, values.count == key.attributes.count {
      let entry = try record(
        .identity(Identity.name(values, of: "", isUnique: true), key: key.id, tenant: tenant))
      let owner = entry.map { String(decoding: $0.document, as: UTF8.self) }
      return Candidates(customers: owner.map { [$0] } ?? [], isComplete: true)
    }
    let found = try reader.customers(
      key: key.id, from: Identity.prefix(values), to: Identity.bound(values), tenant: tenant,
      limit: limit + 1)
    var seen: Set<[UInt8]> = []
    return Candidates(
      customers: found.prefix(limit).map(\.customer).filter { seen.insert(Array($0.utf8)).inserted },
      isComplete: found.count <= limit)
  }

  /// The first entries of an identification key.
  func identities(ofKey key: Int64, _ tenant: Tenant, limit: Int) throws(StoreError) -> [String] {
    try reader.customers(key: key, from: "", to: Identity.bound([]), tenant: tenant, limit: limit).map(\.name)
  }

  /// A page of the services that a customer had.
  func formerServices(
    of customer: String, after service: Int64, _ tenant: Tenant
  ) throws(StoreError) -> ServiceScan.Page {
    let found = try reader.services(
      associatedWith: customer, after: service, tenant: tenant, limit: 10 * ServiceScan.size)
    return ServiceScan.Page(ids: found.ids, next: found.last)
  }
}
