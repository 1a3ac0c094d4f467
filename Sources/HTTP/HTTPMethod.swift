import CLLHTTP

/// A request's method. What the server has no operation for is `other`; its name is `HTTPRequest.methodName`.
public enum HTTPMethod: UInt8, Sendable {
  /// `GET`
  case get
  /// `HEAD`
  case head
  /// `POST`
  case post
  /// `PUT`
  case put
  /// `DELETE`
  case delete
  /// `PATCH`
  case patch
  /// `OPTIONS`
  case options
  /// `CONNECT`
  case connect
  /// `TRACE`
  case trace
  /// Any other method that llhttp knows.
  case other

  /// The method's name, as `GET`; empty for `other`.
  public var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    case .connect: "CONNECT"
    case .trace: "TRACE"
    case .other: ""
    }
  }

  /// Whether it only reads (RFC 9110, 9.2.1).
  var isSafe: Bool { self == .get || self == .head || self == .options || self == .trace }

  init(code: UInt8) {
    switch UInt32(code) {
    case HTTP_GET.rawValue: self = .get
    case HTTP_HEAD.rawValue: self = .head
    case HTTP_POST.rawValue: self = .post
    case HTTP_PUT.rawValue: self = .put
    case HTTP_DELETE.rawValue: self = .delete
    case HTTP_PATCH.rawValue: self = .patch
    case HTTP_OPTIONS.rawValue: self = .options
    case HTTP_CONNECT.rawValue: self = .connect
    case HTTP_TRACE.rawValue: self = .trace
    default: self = .other
    }
  }

  /// The name of any method, also of one that is `other`, by llhttp's number of it.
  static func name(code: UInt8) -> String {
    String(cString: llhttp_method_name(llhttp_method_t(rawValue: UInt32(code))))
  }
}
