/// An answer. Content-Length, Date and Connection are the connection's business.
public struct HTTPResponse: Sendable {
  /// The status code, 200…599.
  public var status: Int
  /// Fields besides the ones that the connection writes.
  public var headers: HTTPHeaderBlock
  /// Sent with its length; left out, but counted, in the answer to HEAD.
  public var body: [UInt8]
  /// The body's type. Left out when nil or when the body is empty; nil when `headers` say it.
  public var contentType: StaticString?

  /// An answer; an empty body by default.
  public init(
    status: Int, headers: HTTPHeaderBlock = HTTPHeaderBlock(), body: [UInt8] = [],
    contentType: StaticString? = "application/json"
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.contentType = contentType
  }
}
