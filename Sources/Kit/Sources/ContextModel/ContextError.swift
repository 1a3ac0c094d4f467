/// Why a call is refused: an HTTP status, a stable code word, and what a person needs to mend it.
///
/// Shown as `{"http_method":…,"code":…,"message":…,"field":…,"value":…,"allowed":[…],"exception":…}`
/// (API page *HTTP Response Codes and Errors*; `exception` is what 8.5 clients read).
public struct ContextError: Error, Sendable, Equatable {
  /// The HTTP status, 400…599.
  public var status: Int
  /// A stable word such as `service_not_found`. Clients may compare it.
  public var code: String
  /// A sentence for people. Clients must not parse it.
  public var message: String
  /// The field, parameter or header that is wrong, as `started_from` or `Feedback.rating`.
  public var field: String?
  /// What was sent, as JSON text, shortened.
  public var value: String?
  /// What would have been accepted.
  public var allowed: [String]
  /// Seconds after which the same call may succeed.
  public var retryAfter: Int?
  /// Headers of the answer, such as the challenges of a 401.
  public var headers: [ReplyHeader]

  /// An error with all its parts.
  public init(
    status: Int, code: String, message: String, field: String? = nil, value: String? = nil,
    allowed: [String] = [], retryAfter: Int? = nil, headers: [ReplyHeader] = []
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.field = field
    self.value = value
    self.allowed = allowed
    self.retryAfter = retryAfter
    self.headers = headers
  }

  /// A 400 about one field.
  public static func badField(
    _ field: String, code: String, message: String, value: String? = nil, allowed: [String] = []
  ) -> ContextError {
    ContextError(status: 400, code: code, message: message, field: field, value: value, allowed: allowed)
  }

  /// A 400 about a field that is not there.
  public static func missingField(_ field: String, _ allowed: String) -> ContextError {
    .badField(field, code: "missing_field", message: "\(field) is missing: \(allowed).", allowed: [allowed])
  }

  /// 404: no such service, or one of another tenant.
  public static func serviceNotFound(_ id: ServiceID) -> ContextError {
    ContextError(
      status: 404, code: "service_not_found", message: "There is no service \(id).", field: "service_id",
      value: "\(id)")
  }

  /// 409: the service has ended before.
  public static func alreadyCompleted(_ id: ServiceID) -> ContextError {
    ContextError(status: 409, code: "already_completed", message: "Service \(id) is already completed.")
  }

  /// 412: the service is at another revision than `If-Match` says.
  public static func revisionMismatch(_ id: ServiceID, current: Int64) -> ContextError {
    ContextError(
      status: 412, code: "revision_mismatch",
      message: "Service \(id) is at revision \(current), which If-Match does not name.", field: "If-Match",
      allowed: ["\"\(current)\""])
  }

  /// 503: the store can't take the call now; nothing of it was kept.
  public static func storeUnavailable(_ reason: String) -> ContextError {
    ContextError(
      status: 503, code: "store_unavailable", message: "The store cannot take this call now: \(reason).",
      retryAfter: 1)
  }

  /// 500: a fault of the server's own.
  public static func internalError(_ message: String) -> ContextError {
    ContextError(status: 500, code: "internal_error", message: message)
  }
}
