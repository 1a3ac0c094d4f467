import EventLoop

/// Requests whose bodies are handed over as they arrive. Such a request stands alone on its connection: it waits for the
/// answers before it, and what is behind it waits for its own.
extension HTTPConnection {
  /// Hands over a request of which only the head has arrived.
  func deliverStreamed(head: Int) {
    let request = parser.request
    areCallsSafe = false
    let exchange = HTTPExchange(
      self, sequence: nextSequence, isHead: false, isVersion10: request.pointee.isVersion10,
      closes: !request.pointee.keepsAlive)
    nextSequence += 1
    let stream = HTTPBodyStream(self)
    exchange.body = stream
    alone = exchange
    bodyBegan = loop.now
    context.handler.handle(HTTPRequest(request, self), exchange)
    if state == .open { parser.stream(into: stream, head: head) }
  }

  /// Gives body bytes to the stream.
  ///
  /// - Returns: where the next request begins, or `end`.
  func feedBody(_ base: UnsafeMutableRawPointer, from start: Int, to end: Int) -> Int {
    guard let stream = parser.request.pointee.stream else { return start }
    // Any progress will do: the whole may take as long as it takes.
    bodyBegan = loop.now
    switch parser.run(base + start, from: 0, to: end - start) {
    case .complete(let length):
      bodyBegan = 0
      if alone?.closes == true { state = .finishing }
      parser.next()
      stream.complete()
      stream.tell()
      return start + length
    case .refused(let refusal): failBody(refusal)
    case .incomplete, .streaming: stream.tell()
    }
    return end
  }

  /// The rest of a streamed body will not come.
  func failBody(_ refusal: HTTPRefusal) {
    alone?.closes = true
    if state == .open { state = .finishing }
    alone?.body?.fail(refusal)
  }

  /// There is room in the stream again.
  func bodyWasTaken() {
    guard state == .open else { return }
    if bodyBegan != 0 { bodyBegan = loop.now }
    if isPaused { loop.atEndOfTick(self) }
  }

  /// A request that stood alone has its answer. What of a streamed body has not arrived will not be looked at.
  func standTogether(after exchange: HTTPExchange) {
    guard alone === exchange else { return }
    alone = nil
    if let body = exchange.body, !body.isComplete { exchange.closes = true }
  }

  /// Requests behind one that held them back have their turns.
  func letFollow(_ exchange: HTTPExchange) {
    guard alone === exchange else { return }
    alone = nil
    if isPaused { loop.atEndOfTick(self) }
  }
}
