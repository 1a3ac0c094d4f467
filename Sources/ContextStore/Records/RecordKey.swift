public import ContextModel

/// Names one record among those of all tenants and kinds: a service, an extension of it, a schema …
public struct RecordKey: Hashable, Sendable {
  /// What is kept. The numbers stand in files: a new kind gets a new one, none is ever used again.
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// A service.
    case service = 1
    /// An extension of a service, a state or a task.
    case `extension` = 2
    /// An extension schema.
    case schema = 3
    /// How far somebody who follows the change sequence has come.
    case follower = 4
    /// A state of a service.
    case state = 5
    /// A task of a service.
    case task = 6
    /// A customer profile; its extensions are hidden in it.
    case profile = 7
    /// The identification keys of a tenant, all together.
    case identificationKeys = 8
    /// That a customer is found under some values of an identification key.
    case identity = 9
    /// That a customer is to be forgotten in the history of a service.
    case erasure = 10
    // 11 were the interactions, which are found by the change sequence now.
    /// The answer to a call that may be repeated.
    case idempotencyKey = 12
    /// Something that the server itself must remember, by its name.
    case setting = 13
  }

  /// What is kept.
  public let kind: Kind
  /// Whose data it is.
  public let tenant: Tenant
  /// The service it is, or belongs to; 0 where no service has a part in it, below 0 for other things that are looked for
  /// together.
  public let service: Int64
  /// What tells it from others of that kind and service: what an extension hangs on, whose schema it is.
  public let number: Int64
  /// A name: in lower case where case does not tell; empty where numbers are enough.
  public let name: String

  init(_ kind: Kind, _ tenant: Tenant, service: Int64 = 0, number: Int64 = 0, name: String = "") {
    self.kind = kind
    self.tenant = tenant
    self.service = service
    self.number = number
    self.name = name
  }

  /// Names are compared byte by byte, as tables compare them.
  public static func == (one: RecordKey, other: RecordKey) -> Bool {
    one.kind == other.kind && one.tenant == other.tenant && one.service == other.service
      && one.number == other.number && one.name.hasBytes(of: other.name)
  }

  /// Hashes what ``==(_:_:)`` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(tenant)
    hasher.combine(service)
    hasher.combine(number)
    name.hashBytes(into: &hasher)
  }

  /// The one order of keys of a kind.
  func comesBefore(_ other: RecordKey) -> Bool {
    (tenant.rawValue, service, number, name)
      < (other.tenant.rawValue, other.service, other.number, other.name)
  }

  /// A service.
  public static func service(_ id: ServiceID, tenant: Tenant) -> RecordKey {
    RecordKey(.service, tenant, service: id.rawValue)
  }

  /// A state or a task of a service.
  public static func part(
    _ kind: ServicePart.Kind, _ id: PartID, of service: ServiceID, tenant: Tenant
  ) -> RecordKey {
    RecordKey(Kind(kind), tenant, service: service.rawValue, number: Int64(id.rawValue))
  }

  /// An extension of a service or of something in it.
  ///
  /// - Parameter name: compared without case.
  public static func `extension`(
    _ name: String, of owner: ExtensionOwner, in service: ServiceID, tenant: Tenant
  ) -> RecordKey {
    RecordKey(
      .extension, tenant, service: service.rawValue, number: owner.number, name: name.lowercased())
  }

  /// An extension schema.
  ///
  /// - Parameter name: compared without case.
  public static func schema(_ name: String, of owner: SchemaCatalog.Owner, tenant: Tenant) -> RecordKey {
    RecordKey(.schema, tenant, number: owner.number, name: name.lowercased())
  }

  /// A customer's profile.
  public static func profile(_ customer: String, tenant: Tenant) -> RecordKey {
    RecordKey(.profile, tenant, name: customer)
  }

  /// All identification keys of a tenant.
  public static func identificationKeys(tenant: Tenant) -> RecordKey {
    RecordKey(.identificationKeys, tenant)
  }

  /// That a customer is found under some values of an identification key.
  ///
  /// - Parameters:
  ///   - key: the key's id.
  ///   - name: see ``Identity/name``.
  static func identity(_ name: String, key: Int64, tenant: Tenant) -> RecordKey {
    RecordKey(
      .identity, tenant, service: Identity.bucket(of: name, key: key, tenant: tenant), number: key, name: name
    )
  }

  /// That a customer is to be forgotten in the history of a service.
  static func erasure(of customer: String, from service: ServiceID, tenant: Tenant) -> RecordKey {
    RecordKey(.erasure, tenant, service: service.rawValue, name: customer)
  }

  /// The answer to a call that may be repeated.
  public static func idempotencyKey(_ key: String, tenant: Tenant) -> RecordKey {
    RecordKey(.idempotencyKey, tenant, name: key)
  }

  /// Something that the server itself must remember, whoever its tenants are.
  public static func setting(_ name: String) -> RecordKey { RecordKey(.setting, .single, name: name) }

  /// A follower of the change sequence, which is that of all tenants.
  static func follower(_ name: String) -> RecordKey { RecordKey(.follower, .single, name: name) }
}

extension RecordKey.Kind {
  /// The kind of the records of states or of tasks.
  public init(_ kind: ServicePart.Kind) { self = kind == .state ? .state : .task }
}

extension SchemaCatalog.Owner {
  /// As ``RecordKey/number``.
  var number: Int64 {
    switch self {
    case .service: 0
    case .state: 1
    case .task: 2
    case .profile: 3
    }
  }

  init?(number: Int64) {
    guard let owner = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = owner
  }
}

extension [RecordKey] {
  /// A service, and those of its extensions that an event gives.
  mutating func append(_ service: ServiceID, extensionsOf event: Event, tenant: Tenant) {
    append(.service(service, tenant: tenant))
    for given in event.extensions {
      append(.extension(given.name, of: .service, in: service, tenant: tenant))
    }
  }
}
