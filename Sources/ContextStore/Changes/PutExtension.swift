public import ContextModel
public import JSON

/// Update Service, State or Task Extension, and Merge Extension Data.
public struct PutExtension: StoreChange {
  /// Whose data it is.
  public var tenant: Tenant
  /// The service.
  public var service: ServiceID
  /// The state or task that it hangs on; `nil` for the service itself.
  public var part: PartReference?
  /// The extension; compared without case.
  public var name: String
  /// What was sent.
  public var value: JSONValue
  /// Whether its members are added to those that are there, instead of taking their place.
  public var merging: Bool
  /// What becomes of it where there is nothing to be merged into; `nil` for what was sent.
  public var creation: Result<JSONValue, ContextError>?
  /// When it was asked for.
  public var at: Timestamp
  /// The revisions at which it is wanted.
  public var condition: RevisionCondition?
  /// Who asks for it.
  public var principal: String?

  /// A change by its parts.
  public init(
    tenant: Tenant, service: ServiceID, part: PartReference? = nil, name: String, value: JSONValue,
    merging: Bool = false, creation: Result<JSONValue, ContextError>? = nil, at: Timestamp,
    condition: RevisionCondition? = nil, principal: String? = nil
  ) {
    self.tenant = tenant
    self.service = service
    self.part = part
    self.name = name
    self.value = value
    self.merging = merging
    self.creation = creation
    self.at = at
    self.condition = condition
    self.principal = principal
  }

  /// What it surely looks at.
  public func prefetch(into keys: inout [RecordKey]) {
    keys.append(.service(service, tenant: tenant))
  }

  /// Keeps the extension. Fails with 400 and 409 (what cannot be merged, or is too large then), 404, 409 (the state or task has ended) and 412.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Written {
    var found = try transaction.existingService(service, tenant: tenant, part == nil ? condition : nil)
    var owner = ExtensionOwner.service
    var changed: ServicePart?
    if let part {
      var existing = try transaction.existingPart(part.kind, part.id, of: service, tenant: tenant, condition)
      guard existing.status == .active else { throw .alreadyCompleted(part.kind, part.id, of: service) }
      existing.touch()
      changed = existing
      owner = .part(part.kind, part.id)
    } else {
      found.touch()
    }
    let key = RecordKey.extension(name, of: owner, in: service, tenant: tenant)
    let stored = try transaction.record(key)
    let text = try text(merging: stored.map { transaction.documents.value($0.document) })
    if merging { try transaction.requireSize(of: text, name, replacing: stored?.document) }
    let sequence = transaction.note(
      Change(
        merging ? .mergeExtension : .updateExtension, tenant: tenant, service: service,
        revision: found.revision, at: at,
        customerBefore: found.customerID,
        customer: found.customerID,
        principal: principal, event: Self.event(part, name, value)))
    try transaction.put(Record(key, name: stored?.name ?? name, document: text))
    if let changed { try transaction.put(changed, tenant: tenant) }
    return Written(mapping: try transaction.put(found), sequence: sequence)
  }

  /// - Parameter stored: what there is, if anything is.
  private func text(merging stored: JSONValue??) throws(ContextError) -> [UInt8] {
    guard merging else { return value.text }
    guard let stored else {
      let created = try creation?.get() ?? value
      return try ExtensionMerge.merged(created, into: nil, name: name)
    }
    return try ExtensionMerge.merged(value, into: stored, name: name)
  }

  /// What the change sequence keeps: the value under its name, and what it hangs on.
  private static func event(_ part: PartReference?, _ name: String, _ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if let part {
      writer.key(part.kind.idName)
      writer.integer(Int64(part.id.rawValue))
    }
    writer.key("extension")
    writer.beginObject()
    writer.key(name)
    writer.value(value)
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }
}
