import EventLoop

extension HTTPConnection {
  /// Begins an answer whose body comes in pieces, as soon as it is its turn.
  func beginStream(_ exchange: HTTPExchange, _ head: consuming HTTPResponse) {
    guard state != .closed, state != .lingering else { return }
    answer(exchange, head)
  }

  /// The head of a stream is in the output; the answers behind it wait for its end.
  func didBeginStream(_ exchange: HTTPExchange) {
    streaming = exchange
    wakeStream()
  }

  /// Returns when the next piece can be taken: it is the stream's turn, and few enough bytes are unsent.
  ///
  /// - Returns: whether the connection is still there.
  func readyForPiece(of exchange: HTTPExchange) async -> Bool {
    while true {
      guard state != .closed, state != .lingering, !isAbandoned else { return false }
      if streaming === exchange, (output?.count ?? 0) <= context.limits.maxUnsent / 2 { return true }
      await withUnsafeContinuation { exchange.waitingPiece = $0 }
    }
  }

  /// Sends a piece at the end of the tick.
  func sendPiece(_ piece: [UInt8], of exchange: HTTPExchange) {
    guard streaming === exchange, state != .closed, !piece.isEmpty else { return }
    if !exchange.isHead {
      ResponseEncoder.append(piece: piece, to: currentOutput(), isChunked: !exchange.isVersion10)
    }
    loop.atEndOfTick(self)
  }

  /// Ends the body; the answers that waited for it go on.
  func endStream(_ exchange: HTTPExchange) {
    guard streaming === exchange, state != .closed else { return }
    streaming = nil
    standTogether(after: exchange)
    if !exchange.isHead, !exchange.isVersion10 { currentOutput().append("0\r\n\r\n") }
    didWrite(exchange, closes: exchange.closes || exchange.isVersion10)
    writeWaiting()
    loop.atEndOfTick(self)
  }

  /// Lets a stream that waits look again whether it can go on.
  func wakeStream() {
    streaming?.wakePiece()
  }
}
