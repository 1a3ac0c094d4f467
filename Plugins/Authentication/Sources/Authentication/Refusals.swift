import ContextModel
import LiaisonKit

/// The answers to those who are not let in. Immutable, so any thread may use it.
struct Refusals: Sendable {
  private let challenges: [ReplyHeader]

  /// Refusals whose challenges name a realm: visible ASCII without `"` and `\`.
  init(realm: String) {
    challenges = [
      ReplyHeader("WWW-Authenticate", "Basic realm=\"\(realm)\", charset=\"UTF-8\""),
      ReplyHeader("WWW-Authenticate", "Bearer realm=\"\(realm)\""),
    ]
  }

  /// 401: no credential at all.
  var missing: ContextError {
    unauthorized("This call needs a user and password (Basic) or a key (Bearer) in the header Authorization.")
  }

  /// 401: a credential of a form that is not understood here.
  var unreadable: ContextError {
    unauthorized(
      "The header Authorization must be \"Basic\" and base64 of user:password, or \"Bearer\" and a key.")
  }

  /// 401: nobody has this credential. Does not say whether there is such a user.
  var wrong: ContextError { unauthorized("The user, the password or the key is wrong.") }

  private func unauthorized(_ message: String) -> ContextError {
    ContextError(
      status: 401, code: "unauthorized", message: message, field: "Authorization", headers: challenges)
  }

  /// 403: somebody known, without the role that the call needs.
  func forbidden(_ principal: Principal, _ call: Call, _ role: Roles) -> ContextError {
    let missing = role.subtracting(principal.roles).names.joined(separator: ", ")
    let present = principal.roles.isEmpty ? "no role" : principal.roles.names.joined(separator: ", ")
    return ContextError(
      status: 403, code: "forbidden",
      message: "\(call.operation.rawValue) needs the role \(missing); \(principal.name) has \(present).",
      allowed: role.names)
  }

  /// 429: too many failures from there.
  func tooManyAttempts(seconds: Int) -> ContextError {
    ContextError(
      status: 429, code: "too_many_attempts",
      message: "Too many attempts with a wrong credential came from this address.", retryAfter: seconds)
  }

  /// 503: too many calls wait for a check.
  var overloaded: ContextError {
    ContextError(
      status: 503, code: "overloaded", message: "Too many credentials wait for their check.", retryAfter: 1)
  }
}
