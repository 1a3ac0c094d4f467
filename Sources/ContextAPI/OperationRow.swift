public import ContextModel
public import HTTP
public import LiaisonKit

/// One row of the table of operations: everything the transport must know of an operation.
public struct OperationRow: Sendable {
  /// What a request's body holds.
  public enum Body: Sendable, Equatable {
    /// Nothing; what is sent is passed over.
    case none
    /// An event; Start Service needs one, the others take an empty body for an empty event.
    case event(Event.Kind)
    /// An extension schema.
    case schema
  }

  /// The operation.
  public let operation: Operation
  /// The method; HEAD comes with GET.
  public let method: HTTPMethod
  /// The path without prefix; `{service_id}`, `{customer_id}`, `{contact_key}` and `{name}` stand for a segment.
  public let path: String
  /// The role it needs; `nil` for none.
  public let role: Roles?
  /// What the body holds.
  public let body: Body
  /// The query parameters it knows.
  public let parameters: [QueryParameter]
  /// The part of the services that the path asks for.
  public let status: Service.Status?

  init(
    _ operation: Operation, _ method: HTTPMethod, _ path: String, needs role: Roles?, body: Body = .none,
    parameters: [QueryParameter] = [], status: Service.Status? = nil
  ) {
    self.operation = operation
    self.method = method
    self.path = path
    self.role = role
    self.body = body
    self.parameters = parameters
    self.status = status
  }

  /// Whether a request without a body is refused.
  public var requiresBody: Bool { body == .event(.start) || body == .schema }
}
