import ContextModel

/// A service among those of all tenants. Ordered by id first: that is how rows lie on disk.
struct ServiceKey: Hashable, Comparable, Sendable {
  var id: ServiceID
  var tenant: Tenant

  static func < (left: ServiceKey, right: ServiceKey) -> Bool {
    (left.id.rawValue, left.tenant.rawValue) < (right.id.rawValue, right.tenant.rawValue)
  }
}

/// A schema among those of all tenants and owners, its name folded to lower case.
struct SchemaKey: Hashable, Sendable {
  var tenant: Tenant
  var owner: SchemaCatalog.Owner
  var foldedName: String

  init(_ tenant: Tenant, _ owner: SchemaCatalog.Owner, _ name: String) {
    self.tenant = tenant
    self.owner = owner
    foldedName = name.lowercased()
  }
}

/// What must be known to fold a batch.
struct BatchNeeds: Sendable {
  /// The services that are changed, each once, ascending.
  var services: [ServiceKey] = []
  /// The schemas that are created.
  var schemas: [SchemaKey] = []
  /// How many new ids are needed.
  var starts = 0

  init(of batch: [PendingWrite]) {
    services.reserveCapacity(batch.count)
    for pending in batch {
      switch pending.request {
      case .start: starts += 1
      case .associate(let tenant, let id, _, _, _, _, _), .complete(let tenant, let id, _, _, _, _):
        services.append(ServiceKey(id: id, tenant: tenant))
      case .createSchema(let tenant, let owner, let name, _, _, _):
        schemas.append(SchemaKey(tenant, owner, name))
      }
    }
    guard services.count > 1 else { return }
    services.sort()
    var kept = 1
    for index in 1..<services.count where services[index] != services[kept - 1] {
      services[kept] = services[index]
      kept += 1
    }
    services.removeLast(services.count - kept)
  }
}

/// What an engine knew before a batch.
struct LoadedState: Sendable {
  /// The services of `BatchNeeds.services`, in that order; `nil` where there is none.
  var services: [Service?]
  /// Those of `BatchNeeds.schemas` that exist.
  var existingSchemas: Set<SchemaKey>
  /// The first of as many consecutive ids as `BatchNeeds.starts` says, none of which was ever given out.
  var nextServiceID: Int64
  /// The number of the newest change; 0 if there is none.
  var lastSequence: Int64
}
