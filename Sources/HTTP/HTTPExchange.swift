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
  let closes: Bool
  private var isAnswered = false
  /// An answer that waits for those before it.
  var waiting: HTTPResponse?

  init(_ connection: HTTPConnection, sequence: UInt64, isHead: Bool, isVersion10: Bool, closes: Bool) {
    self.connection = connection
    self.sequence = sequence
    self.isHead = isHead
    self.isVersion10 = isVersion10
    self.closes = closes
  }

  deinit {
    guard !isAnswered else { return }
    let connection = connection
    if connection.loop.isCurrent {
      connection.abandon()
    } else {
      connection.loop.post { connection.abandon() }
    }
  }

  /// Gives the answer. It is sent at the end of the tick, after the answers to earlier requests. Silently ignored
  /// when the connection is closed meanwhile.
  public func respond(_ response: consuming HTTPResponse) {
    precondition(!isAnswered, "an exchange is answered once")
    assert(connection.loop.isCurrent, "an exchange is answered on its loop's thread")
    isAnswered = true
    connection.answer(self, response)
  }
}
