public import ContextModel

/// A change somebody wants made. What it does to a service is decided on the commit thread, in arrival order.
public enum WriteRequest: Sendable {
  /// Starts a service. The event's timestamp must be set; that it names a customer or a contact key was checked.
  case start(Tenant, Event, principal: String? = nil)
  /// Binds a service to a customer. `at` is when that was: the event's own timestamp, or the moment of the call.
  /// Fails with 404 and 412.
  case associate(
    Tenant, ServiceID, customer: String, Event, at: Timestamp, condition: RevisionCondition? = nil,
    principal: String? = nil)
  /// Ends a service, at the moment that the event tells or else `at`. Fails with 400 (before its start), 404, 409 and
  /// 412.
  case complete(
    Tenant, ServiceID, Event, at: Timestamp, condition: RevisionCondition? = nil, principal: String? = nil)
  /// Keeps an extension schema, as JSON text. Fails with 409 if there is one of that name, compared without case.
  case createSchema(
    Tenant, owner: SchemaCatalog.Owner, name: String, text: [UInt8], at: Timestamp, principal: String? = nil)
}
