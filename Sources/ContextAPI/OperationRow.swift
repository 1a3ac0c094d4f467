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
    /// An extension's value: any JSON.
    case value
    /// A profile: core attributes and extensions.
    case profile
    /// Extensions of a profile alone.
    case profileExtensions
    /// A JSON object that the operation itself understands; `isRequired` tells whether it must be there.
    case object(isRequired: Bool)
    /// Associations, as a JSON array or one per line; read as they arrive.
    case associations
  }

  /// Headers of a successful answer beside those that every answer has.
  public struct Headers: OptionSet, Sendable {
    /// One bit a header.
    public let rawValue: UInt8

    /// Headers by their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `Location`: of what is new, or of what tells how far it is.
    public static let location = Headers(rawValue: 1)
    /// `ETag`.
    public static let tag = Headers(rawValue: 2)
    /// `Cache-Status`: how Redis took part.
    public static let cacheStatus = Headers(rawValue: 4)
  }

  /// The operation.
  public let operation: Operation
  /// The method; HEAD comes with GET.
  public let method: HTTPMethod
  /// The path without prefix; see ``PathParameter`` for the segments that vary.
  public let path: String
  /// The role it needs; `nil` for none.
  public let role: Roles?
  /// What the body holds.
  public let body: Body
  /// The query parameters it knows.
  public let parameters: [QueryParameter]
  /// The part of the list that the path asks for.
  public let status: Service.Status?
  /// What the path names or lists: whose extensions a query shows.
  public let resource: SchemaCatalog.Owner
  /// The status of success.
  public let success: Int
  /// The headers of success.
  public let headers: Headers
  /// Whether `If-Match` makes it conditional; where it does not, the header is refused.
  public let isConditional: Bool
  /// Whether an `Idempotency-Key` makes a retry harmless.
  public let isIdempotent: Bool
  /// Whether it is done in several steps, or counts for calls only when it is done: of the calls that are pipelined on its
  /// connection none runs beside it.
  public let standsAlone: Bool

  init(
    _ operation: Operation, _ method: HTTPMethod, _ path: String, needs role: Roles?, body: Body = .none,
    parameters: [QueryParameter] = [], status: Service.Status? = nil,
    of resource: SchemaCatalog.Owner = .service,
    success: Int = 200, headers: Headers = [], isConditional: Bool = false, isIdempotent: Bool = false,
    standsAlone: Bool = false
  ) {
    self.operation = operation
    self.method = method
    self.path = path
    self.role = role
    self.body = body
    self.parameters = parameters
    self.status = status
    self.resource = resource
    self.success = success
    self.headers = headers
    self.isConditional = isConditional
    self.isIdempotent = isIdempotent
    self.standsAlone = standsAlone
    hasMoreParameters = ["{state_id}", "{task_id}", "{ext_name}", "{name}", "{src_id}", "{interaction_id}"]
      .contains {
        path.contains($0)
      }
  }

  /// Whether its path varies in more than service, customer and contact key.
  let hasMoreParameters: Bool

  /// Whether it lists interactions.
  var listsInteractions: Bool {
    operation == .queryCustomerInteractions || operation == .queryServiceInteractions
  }

  /// Whether a request without a body is refused.
  public var requiresBody: Bool {
    switch body {
    case .none: false
    case .event(let kind): kind == .start || kind == .transition || kind == .expiration
    case .schema, .value, .profile, .profileExtensions, .associations: true
    case .object(let isRequired): isRequired
    }
  }
}
