import EventLoop
import Glibc

extension HTTPConnection {
  /// One read and everything that came complete with it. Level-triggered: the rest is for the next tick.
  func read() {
    switch state {
    case .open where !isPaused && !hasInputEnded: readRequests()
    case .lingering: readAndForget()
    default: break
    }
    updateInterest()
  }

  private func readRequests() {
    if input.count == 0 {
      let count = recv(descriptor, context.scratch, ListenerContext.scratchSize, 0)
      guard isReceived(count) else { return }
      parse(context.scratch, count: count, parsed: 0)
    } else {
      let request = parser.request
      let missing =
        request.pointee.isHeadComplete ? request.pointee.announcedBody - request.pointee.bodyCount : 0
      let room = input.room(missing)
      let count = recv(descriptor, room.baseAddress!, room.count, 0)
      guard isReceived(count) else { return }
      let parsed = input.count
      input.received(count)
      parse(input.base!, count: input.count, parsed: parsed)
    }
  }

  private func isReceived(_ count: Int) -> Bool {
    if count > 0 {
      lastActivity = loop.now
      return true
    }
    if count == 0 {
      hasInputEnded = true
      if parser.request.pointee.stream != nil { failBody(.badRequest("The body ended early.")) }
      // What is in flight is answered: the client may have closed its sending side only.
      loop.atEndOfTick(self)
    } else if errno != EAGAIN && errno != EINTR {
      close()
    }
    return false
  }

  private func readAndForget() {
    let count = recv(descriptor, context.scratch, ListenerContext.scratchSize, 0)
    if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { close() }
  }

  /// Hands out the requests that are complete in `count` bytes at `base` (the loop's scratch or the connection's
  /// input), of which the parser has seen the first `parsed`, and keeps the rest.
  private func parse(_ base: UnsafeMutableRawPointer, count: Int, parsed: Int) {
    var start = 0
    var parsed = parsed
    var end = count
    parsing: while state == .open, !mustPause() {
      if parser.request.pointee.stream != nil {
        guard start < end else { break }
        start = feedBody(base, from: start, to: end)
        parsed = start
        continue
      }
      if !parser.isInsideRequest {
        // Line breaks between requests belong to none.
        while start < end, isLineBreak(base.load(fromByteOffset: start, as: UInt8.self)) { start += 1 }
        parsed = start
        guard start < end else { break }
      }
      switch parser.run(base + start, from: parsed - start, to: end - start) {
      case .incomplete(let kept):
        end = start + kept
        parsed = end
        break parsing
      case .complete(let length):
        guard !mustHold(), deliver(hasMore: start + length < end) else {
          held = length
          parsed = start + length
          break parsing
        }
        start += length
        parsed = start
      case .streaming(let length):
        guard !mustHold() else {
          held = length
          parsed = start + length
          break parsing
        }
        start += length
        parsed = start
        headBegan = 0
        deliverStreamed(head: length)
      case .refused(let refusal):
        refuse(refusal)
      }
    }
    guard state == .open else {
      if state == .finishing { input.keep(UnsafeRawBufferPointer(start: nil, count: 0), parsed: 0) }
      return
    }
    hasMoreInput = start < end
    if hasMoreInput, headBegan == 0, parser.request.pointee.stream == nil { headBegan = loop.now }
    if parser.isInsideRequest, parser.request.pointee.isHeadComplete, bodyBegan == 0 { bodyBegan = loop.now }
    input.keep(UnsafeRawBufferPointer(start: base + start, count: end - start), parsed: parsed - start)
    askForBody()
  }

  /// Continues with what was read before the connection was paused.
  func parseKept() {
    guard input.count > 0, let base = input.base else { return }
    if held > 0 {
      deliverHeld(base)
      return
    }
    headBegan = headBegan == 0 ? 0 : loop.now
    bodyBegan = bodyBegan == 0 ? 0 : loop.now
    guard input.parsed < input.count else { return }
    parse(base, count: input.count, parsed: input.parsed)
  }

  /// The request that was held back, its turn having come, and then what lies behind it.
  private func deliverHeld(_ base: UnsafeMutableRawPointer) {
    let length = held
    held = 0
    parser.request.pointee.base = base
    if parser.request.pointee.isStreamed {
      headBegan = 0
      deliverStreamed(head: length)
    } else {
      guard deliver(hasMore: length < input.count) else {
        held = length
        return
      }
    }
    guard state == .open else {
      if state == .finishing { input.keep(UnsafeRawBufferPointer(start: nil, count: 0), parsed: 0) }
      return
    }
    let rest = UnsafeRawBufferPointer(start: base + length, count: input.count - length)
    input.keep(rest, parsed: 0)
    if let base = input.base { parse(base, count: input.count, parsed: 0) }
  }

  /// Holds a complete request back while those before it are in its way.
  private func mustHold() -> Bool {
    guard mustWait else { return false }
    isPaused = true
    return true
  }

  /// Whether the request that is complete must not be handled beside those in flight: pipelined calls behave as if they
  /// were made one after the other (RFC 9112, 9.3.2). Reads among themselves cannot tell, and writes are applied in the
  /// order in which they are handed out, so both go together; but for those that are done in several steps, which stand
  /// alone, and for those behind a write that has not got as far as its place among the writes.
  var mustWait: Bool {
    guard inFlight > 0 else { return false }
    let request = parser.request
    return HTTPMethod(code: request.pointee.methodCode).isSafe != areCallsSafe || request.pointee.isStreamed
      || request.pointee.standsAlone || alone != nil
  }

  /// Hands the request that is complete to the handler.
  ///
  /// - Parameter hasMore: whether something that was read lies behind it.
  /// - Returns: `false` if it stands alone and has to wait for the answers before it.
  private func deliver(hasMore: Bool) -> Bool {
    let request = parser.request
    headBegan = 0
    bodyBegan = 0
    hasMoreInput = hasMore
    areCallsSafe = HTTPMethod(code: request.pointee.methodCode).isSafe
    let exchange = HTTPExchange(
      self, sequence: nextSequence, isHead: request.pointee.isHead, isVersion10: request.pointee.isVersion10,
      closes: !request.pointee.keepsAlive)
    nextSequence += 1
    if exchange.closes { state = .finishing }
    context.handler.handle(HTTPRequest(request, self), exchange)
    guard !exchange.isPostponed else {
      nextSequence -= 1
      state = .open
      isPaused = true
      request.pointee.standsAlone = true
      return false
    }
    if state != .closed { parser.next() }
    return true
  }

  /// Answers in the handler's stead, after the answers to earlier requests, and closes then.
  func refuse(_ refusal: HTTPRefusal) {
    var refusal = refusal
    refusal.methodName = parser.methodName
    let exchange = HTTPExchange(
      self, sequence: nextSequence, isHead: refusal.methodName == "HEAD", isVersion10: false, closes: true)
    nextSequence += 1
    state = .finishing
    exchange.respond(context.handler.refusalBody(refusal))
  }

  /// `100 Continue` for a body that is wanted and has not begun to arrive, when it is this request's turn.
  func askForBody() {
    let request = parser.request
    let before = request.pointee.stream == nil ? 0 : 1
    guard request.pointee.expectsContinue, !request.pointee.isComplete, inFlight == before else { return }
    request.pointee.expectsContinue = false
    guard request.pointee.bodyCount == 0 else { return }
    bodyBegan = loop.now
    writeContinue()
  }

  /// Stops reading from a client that is far ahead of its answers.
  private func mustPause() -> Bool {
    if inFlight >= context.limits.maxPipelined || (output?.count ?? 0) >= context.limits.maxUnsent
      || parser.request.pointee.stream?.isFull == true
    {
      isPaused = true
    }
    return isPaused
  }

  private func isLineBreak(_ byte: UInt8) -> Bool { byte == 13 || byte == 10 }
}

extension ParsedRequest {
  var isHead: Bool { HTTPMethod(code: methodCode) == .head }
}
