/// What answers the requests of one loop's connections. Called on that loop's thread only.
public protocol HTTPHandler: AnyObject {
  /// Answers `request` through `exchange`, now or later. The request's bytes are gone when this returns.
  func handle(_ request: borrowing HTTPRequest, _ exchange: HTTPExchange)

  /// The answer to a request that the connection refuses by itself. The connection closes after it.
  func refusalBody(_ refusal: HTTPRefusal) -> HTTPResponse
}
