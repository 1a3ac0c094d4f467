import ContextModel
import ContextStore
import JSON
import Testing

extension Event {
  /// An event as the API would decode it.
  init(_ body: String, as kind: Kind) {
    do {
      try self.init(decoding: JSONParser().parse(Array(body.utf8)).root, as: kind)
    } catch {
      preconditionFailure("\(body): \(error)")
    }
  }

  static func starting(
    customer: String? = nil, contactKey: String? = nil, at time: Int64, type: AttributeValue? = nil,
    _ body: String = "{}"
  ) -> Event {
    var event = Event(body, as: .start)
    event.customerID = customer
    event.contactKey = contactKey
    event.fields.timestamp = Timestamp(milliseconds: time)
    event.type = type
    return event
  }
}

/// Any of the store's changes, so that a list may hold different ones.
enum AnyChange: StoreChange {
  case start(StartService)
  case associate(AssociateService)
  case complete(CompleteService)
  case createSchema(CreateExtensionSchema)
  case delete(DeleteService)

  struct Outcome: Sendable {
    var mapping: Mapping?
    var sequence: Int64
  }

  func prefetch(into keys: inout [RecordKey]) {
    switch self {
    case .start(let change): change.prefetch(into: &keys)
    case .associate(let change): change.prefetch(into: &keys)
    case .complete(let change): change.prefetch(into: &keys)
    case .createSchema(let change): change.prefetch(into: &keys)
    case .delete(let change): change.prefetch(into: &keys)
    }
  }

  func apply(to transaction: StoreTransaction) throws(ContextError) -> Outcome {
    let written: Written
    switch self {
    case .start(let change): written = try change.apply(to: transaction)
    case .associate(let change): written = try change.apply(to: transaction)
    case .complete(let change): written = try change.apply(to: transaction)
    case .createSchema(let change):
      return Outcome(mapping: nil, sequence: try change.apply(to: transaction))
    case .delete(let change):
      _ = try change.apply(to: transaction)
      return Outcome(mapping: nil, sequence: 0)
    }
    return Outcome(mapping: written.mapping, sequence: written.sequence)
  }

  static func starting(_ tenant: Tenant = .single, _ event: Event) -> AnyChange {
    .start(StartService(tenant: tenant, event))
  }

  static func associating(
    _ id: ServiceID, with customer: String, _ body: String = "{}", condition: RevisionCondition? = nil,
    principal: String? = nil
  ) -> AnyChange {
    .associate(
      AssociateService(
        tenant: .single, service: id, customer: customer, Event(body, as: .association),
        at: Timestamp(milliseconds: 5000), condition: condition, principal: principal))
  }

  static func completing(
    _ id: ServiceID, at time: Int64 = 9000, condition: RevisionCondition? = nil
  ) -> AnyChange {
    var event = Event("{}", as: .end)
    event.fields.timestamp = Timestamp(milliseconds: time)
    return .complete(
      CompleteService(
        tenant: .single, service: id, event, at: Timestamp(milliseconds: time), condition: condition))
  }

  static func deleting(_ id: ServiceID) -> AnyChange {
    .delete(DeleteService(tenant: .single, service: id, at: Timestamp(milliseconds: 9000)))
  }

  static func creatingSchema(
    _ name: String, _ owner: SchemaCatalog.Owner = .service, text: String, at time: Int64 = 1
  ) -> AnyChange {
    .createSchema(
      CreateExtensionSchema(
        tenant: .single, owner: owner, name: name, text: Array(text.utf8), at: Timestamp(milliseconds: time)))
  }
}

extension ServiceRecord {
  /// The service behind its document.
  var service: Service {
    get throws {
      let document = try JSONParser().parse(document)
      return try #require(Service(document: document.root, tenant: .single, revision: revision))
    }
  }

  /// The extensions as `name=text`.
  var extensionTexts: [String] {
    extensions.map { "\($0.name)=\(String(decoding: $0.text, as: UTF8.self))" }
  }
}

extension Result where Success == AnyChange.Outcome, Failure == ContextError {
  /// The code of a failure, `nil` for success.
  var code: String? {
    if case .failure(let error) = self { error.code } else { nil }
  }
}
