public import ContextModel

/// Looks at services that are due: those that have expired go, those that were left alone are completed with their states and
/// tasks, the others are looked at later.
public struct SweepServices: StoreChange {
  /// The services.
  public var services: [(tenant: Tenant, id: ServiceID)]
  /// How long services are kept and stay open.
  public var policy: LifetimePolicy
  /// Now.
  public var at: Timestamp

  /// A sweep by its parts.
  public init(services: [(tenant: Tenant, id: ServiceID)], policy: LifetimePolicy, at: Timestamp) {
    self.services = services
    self.policy = policy
    self.at = at
  }

  /// What was done.
  public struct Outcome: Sendable {
    /// Services that have expired and are gone.
    public var expired: [ServiceID] = []
    /// Services that were completed.
    public var completed: [Mapping] = []
  }

  /// The services.
  public func prefetch(into keys: inout [RecordKey]) {
    for service in services { keys.append(.service(service.id, tenant: service.tenant)) }
  }

  /// Does what is due.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Outcome {
    var outcome = Outcome()
    for due in services {
      guard var service = try transaction.service(due.id, tenant: due.tenant) else { continue }
      if let moment = policy.expiration(of: service), moment <= at {
        try transaction.deleteWhole(service, at: at, principal: Self.principal)
        outcome.expired.append(service.id)
      } else if let moment = policy.completion(of: service), moment <= at {
        outcome.completed.append(try complete(&service, transaction))
      } else {
        service.trail.dueAt = policy.dueAt(service)
        try transaction.postpone(service)
      }
    }
    return outcome
  }

  /// Who the change sequence says it was.
  private static let principal = "liaison"

  private func complete(
    _ service: inout Service, _ transaction: StoreTransaction
  ) throws(ContextError) -> Mapping {
    for kind in ServicePart.Kind.allCases.reversed() {
      for var part in try transaction.parts(kind, of: service.id, tenant: service.tenant)
      where part.status == .active {
        let event = Event(kind == .state ? .stateEnd : .taskEnd)
        try part.complete(event, at: at)
        transaction.note(
          Change(
            kind == .state ? .completeState : .completeTask, tenant: service.tenant, service: service.id,
            revision: service.revision, at: at, customerBefore: service.customerID,
            customer: service.customerID,
            principal: Self.principal, event: event.text(about: part.id)))
        try transaction.put(part, tenant: service.tenant)
      }
    }
    let event = Event(.end)
    try service.complete(event, at: at)
    transaction.note(
      Change(
        .complete, tenant: service.tenant, service: service.id, revision: service.revision, at: at,
        customerBefore: service.customerID, customer: service.customerID, principal: Self.principal,
        event: event.text))
    return try transaction.put(service)
  }
}
