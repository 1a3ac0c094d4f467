/// What answers the requests of one loop's connections. Called on that loop's thread only.
public protocol HTTPHandler: AnyObject {
  /// Answers `request` through `exchange`, now or later; see `HTTPExchange.standAlone` for one that others must not run
  /// beside. The request's bytes are gone when this returns.
  func handle(_ request: borrowing HTTPRequest, _ exchange: HTTPExchange)

  /// Whether a request's body is handed over as it arrives, see `HTTPExchange.body`: then `handle` is called as soon as
  /// the head is complete, and the body may be of any length.
  func streamsBody(_ method: HTTPMethod, _ path: UnsafeRawBufferPointer) -> Bool

  /// The answer to a request that the connection refuses by itself. The connection closes after it.
  func refusalBody(_ refusal: HTTPRefusal) -> HTTPResponse
}

extension HTTPHandler {
  /// No body is streamed.
  public func streamsBody(_ method: HTTPMethod, _ path: UnsafeRawBufferPointer) -> Bool { false }
}
