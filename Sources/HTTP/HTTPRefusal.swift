/// Why a connection answers by itself and then closes: the request was malformed, too large or too slow.
public struct HTTPRefusal: Error, Sendable, Equatable {
  /// The answer's status, such as 400.
  public let status: Int
  /// A stable word for clients, such as `bad_request`.
  public let code: String
  /// A sentence for people.
  public let message: String
  /// The refused request's method, if it was understood before the refusal; for the error's body.
  public var methodName: String?

  /// A refusal of a request whose method is not known (yet).
  public init(status: Int, code: String, message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  static func badRequest(_ message: String) -> HTTPRefusal {
    HTTPRefusal(status: 400, code: "bad_request", message: message)
  }
  static let bodyTooLarge = HTTPRefusal(
    status: 413, code: "body_too_large", message: "The body is larger than this server takes.")
  static let targetTooLong = HTTPRefusal(
    status: 414, code: "target_too_long", message: "The request target is longer than this server takes.")
  static let headTooLarge = HTTPRefusal(
    status: 431, code: "head_too_large", message: "The header fields are larger than this server takes.")
  static let slowHead = HTTPRefusal(
    status: 408, code: "request_timeout", message: "The request's head did not arrive in time.")
  static let slowBody = HTTPRefusal(
    status: 408, code: "request_timeout", message: "The request's body did not arrive in time.")
  static let unknownExpectation = HTTPRefusal(
    status: 417, code: "expectation_failed",
    message: "The only expectation this server meets is 100-continue.")
  static let unknownCoding = HTTPRefusal(
    status: 501, code: "unknown_transfer_coding",
    message: "The only transfer coding this server takes is chunked.")
  static let version = HTTPRefusal(
    status: 505, code: "version_not_supported", message: "This server speaks HTTP/1.1 and HTTP/1.0.")
  static let tooManyConnections = HTTPRefusal(
    status: 503, code: "too_many_connections", message: "The server has as many connections as it may have.")
}
