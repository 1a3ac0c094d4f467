import EventLoop

/// One request's right to an answer. Loop thread only (`Sendable` so that a task of the loop may hold it).
///
/// It must be answered exactly once. Letting go of it without an answer closes the connection: a client that
/// pipelines must never get the next answer for this one.
public final class HTTPExchange: @unchecked Sendable {
  let connection: HTTPConnection
  /// The request's place on its connection; answers leave in this order.
  let sequence: UInt64
  let isHead: Bool
  let isVersion10: Bool
  /// The connection closes after this answer.
  var closes: Bool
  /// The request's body as it arrives, if the handler wants it so; `nil` for every other request.
  public internal(set) var body: HTTPBodyStream?
  private var isAnswered = false
  /// Whether the handler gets the request once more, with another exchange.
  private(set) var isPostponed = false
  /// An answer that waits for those before it.
  var waiting: HTTPResponse?
  /// Whether the answer's body comes in pieces.
  private(set) var isStream = false
  /// Who waits to send the next piece.
  var waitingPiece: UnsafeContinuation<Void, Never>?

  init(_ connection: HTTPConnection, sequence: UInt64, isHead: Bool, isVersion10: Bool, closes: Bool) {
    self.connection = connection
    self.sequence = sequence
    self.isHead = isHead
    self.isVersion10 = isVersion10
    self.closes = closes
  }

  deinit {
    guard !isAnswered, !isPostponed else { return }
    let connection = connection
    if connection.loop.isCurrent {
      connection.abandon()
    } else {
      connection.loop.post { connection.abandon() }
    }
  }

  /// Asks, in `HTTPHandler.handle`, that nothing else of the connection runs beside this request: it is done in steps
  /// between which others could come.
  ///
  /// - Returns: `false` while requests before it have no answer. It is not to be answered then: the handler gets it again,
  ///   with another exchange, as soon as they have.
  public func standAlone() -> Bool {
    isPostponed = connection.inFlight > 1
    if !isPostponed { connection.alone = self }
    return !isPostponed
  }

  /// Asks that no request behind this one is handled until `letFollow` is called, or this one has its answer.
  ///
  /// - Returns: `false` if it is answered already.
  public func holdFollowing() -> Bool {
    if !isAnswered { connection.alone = self }
    return !isAnswered
  }

  /// Lets the requests follow that `holdFollowing` holds back.
  public func letFollow() { connection.letFollow(self) }

  /// Gives the answer. It is sent at the end of the tick, after the answers to earlier requests. Silently ignored
  /// when the connection is closed meanwhile.
  public func respond(_ response: consuming HTTPResponse) {
    precondition(!isAnswered, "an exchange is answered once")
    assert(connection.loop.isCurrent, "an exchange is answered on its loop's thread")
    isAnswered = true
    connection.answer(self, response)
  }

  /// Begins an answer whose body comes in pieces: chunked or, for HTTP/1.0, until the connection closes. `send` and
  /// `end`, or `abort`, follow.
  ///
  /// - Parameter head: its body is empty.
  public func begin(_ head: consuming HTTPResponse) {
    precondition(!isAnswered, "an exchange is answered once")
    assert(connection.loop.isCurrent, "an exchange is answered on its loop's thread")
    isAnswered = true
    isStream = true
    connection.beginStream(self, head)
  }

  /// Sends a piece of the body. Returns at once when there is room for it, else when the client has taken enough of what
  /// was sent before.
  ///
  /// - Returns: whether it makes sense to go on: `false` once the connection is closed.
  public func send(_ piece: [UInt8]) async -> Bool {
    guard await connection.readyForPiece(of: self) else { return false }
    connection.sendPiece(piece, of: self)
    return true
  }

  /// Ends the body.
  public func end() async {
    if await connection.readyForPiece(of: self) { connection.endStream(self) }
  }

  /// Closes the connection after the answer: the rest of the request's body will not be looked at.
  public func closeAfterwards() { closes = true }

  /// Closes the connection: what was sent of the body must not be taken for the whole.
  public func abort() { connection.abandon() }

  func wakePiece() {
    let waiting = waitingPiece.take()
    waiting?.resume()
  }
}
