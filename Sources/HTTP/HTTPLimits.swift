/// What one connection may ask of the server. Immutable, any thread.
public struct HTTPLimits: Sendable {
  /// Bytes of a request's body, after the chunks were joined; more gets 413.
  public var maxBody = 1_048_576
  /// Bytes of request line and header fields together; more gets 431.
  public var maxHead = 16_384
  /// Bytes of the request target; more gets 414.
  public var maxTarget = 8_192
  /// Requests of one connection that may wait for their answers; then the connection is not read.
  public var maxPipelined = 128
  /// Bytes of answers that may wait for a slow reader; then the connection is not read.
  public var maxUnsent = 1_048_576
  /// How long a connection may rest between requests before it is closed.
  public var idleTimeout: Duration = .seconds(60)
  /// How long a request's head may take from its first byte to its last; then 408.
  public var headTimeout: Duration = .seconds(10)
  /// How long a request's body may take from the end of the head to its last byte; then 408.
  public var bodyTimeout: Duration = .seconds(30)
  /// How long a client may read nothing while answers wait for it; then the connection is closed.
  public var writeTimeout: Duration = .seconds(30)

  /// The defaults.
  public init() {}
}
