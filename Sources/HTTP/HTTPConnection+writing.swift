import EventLoop
import Glibc

extension HTTPConnection {
  /// Takes an answer: straight into the output when it is its turn, else it waits.
  func answer(_ exchange: HTTPExchange, _ response: consuming HTTPResponse) {
    guard state != .closed, state != .lingering else { return }
    guard exchange.sequence == nextAnswer, isFreeForNext else {
      exchange.waiting = response
      keepWaiting(exchange)
      return
    }
    write(exchange, response)
    writeWaiting()
    loop.atEndOfTick(self)
  }

  /// Writes the answers whose turn has come.
  func writeWaiting() {
    while isFreeForNext, let next = takeWaiting() {
      if let response = next.waiting.take() { write(next, response) }
    }
  }

  /// Whether the output has a place for another answer: behind the last one what is sent would be taken for a part of it.
  private var isFreeForNext: Bool { streaming == nil && !isLastAnswerWritten }

  private func write(_ exchange: HTTPExchange, _ response: borrowing HTTPResponse) {
    if exchange.isStream { return writeHead(exchange, response) }
    standTogether(after: exchange)
    let closes = exchange.closes || (context.isDraining && inFlight == 1 && !hasMoreInput)
    let connection: StaticString? = closes ? "close" : exchange.isVersion10 ? "keep-alive" : nil
    ResponseEncoder.append(
      response, to: currentOutput(), date: context.date.bytes(loop.wallClock), withoutBody: exchange.isHead,
      connection: connection)
    didWrite(exchange, closes: closes)
  }

  private func writeHead(_ exchange: HTTPExchange, _ response: borrowing HTTPResponse) {
    let closes = exchange.closes || exchange.isVersion10
    ResponseEncoder.append(
      headOf: response, to: currentOutput(), date: context.date.bytes(loop.wallClock),
      isChunked: !exchange.isVersion10, connection: closes ? "close" : nil)
    didBeginStream(exchange)
  }

  /// The answer is in the output as a whole.
  func didWrite(_ exchange: HTTPExchange, closes: Bool) {
    nextAnswer += 1
    if closes {
      isLastAnswerWritten = true
      state = .finishing
    } else if inFlight == 0 {
      askForBody()
    }
  }

  func writeContinue() {
    currentOutput().append("HTTP/1.1 100 Continue\r\n\r\n")
    loop.atEndOfTick(self)
  }

  func currentOutput() -> OutputBuffer {
    if let output { return output }
    let new = context.takeOutput()
    output = new
    return new
  }

  /// One send for all that the tick brought; then reading goes on if it was paused.
  func endOfTick() {
    guard state != .closed else { return }
    flush()
    if isAbandoned { close() }
    wakeStream()
    if state == .open, isPaused, canResume {
      isPaused = false
      parseKept()
    }
    if state == .open, hasInputEnded, inFlight == 0, output == nil { close() }
    updateInterest()
  }

  private var canResume: Bool {
    if held > 0 { return !mustWait }
    if parser.request.pointee.stream?.isFull == true { return false }
    return inFlight <= context.limits.maxPipelined / 2 && (output?.count ?? 0) <= context.limits.maxUnsent / 2
  }

  private func flush() {
    guard let output, !isBlocked else { return }
    let unsent = output.unsent
    let count = send(descriptor, unsent.baseAddress!, unsent.count, Int32(MSG_NOSIGNAL))
    if count >= 0 {
      output.sent(count)
      lastActivity = loop.now
    } else if errno != EAGAIN && errno != EINTR {
      close()
      return
    }
    if count > 0 || lastProgress == 0 { lastProgress = loop.now }
    guard output.count == 0 else {
      isBlocked = true
      return
    }
    lastProgress = 0
    context.giveBack(output)
    self.output = nil
    if isLastAnswerWritten { linger() }
  }

  /// The orderly end: our side is shut, the client reads the last answer and closes.
  private func linger() {
    guard !hasInputEnded else {
      close()
      return
    }
    shutdown(descriptor, Int32(SHUT_WR))
    state = .lingering
    isPaused = false
  }

  // MARK: Answers before their turn

  private func keepWaiting(_ exchange: HTTPExchange) {
    if waiting.count < inFlight { growWaiting() }
    waiting[Int(exchange.sequence & UInt64(waiting.count - 1))] = exchange
  }

  private func takeWaiting() -> HTTPExchange? {
    guard !waiting.isEmpty else { return nil }
    let place = Int(nextAnswer & UInt64(waiting.count - 1))
    guard let exchange = waiting[place], exchange.sequence == nextAnswer else { return nil }
    waiting[place] = nil
    return exchange
  }

  private func growWaiting() {
    var size = max(16, waiting.count)
    while size < inFlight { size *= 2 }
    var larger = ContiguousArray<HTTPExchange?>(repeating: nil, count: size)
    for exchange in waiting {
      if let exchange { larger[Int(exchange.sequence & UInt64(size - 1))] = exchange }
    }
    waiting = larger
  }
}
