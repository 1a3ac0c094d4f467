import CEpoll
import EventLoop
import Glibc

/// One client's connection: requests in, answers out in the same order. Loop thread only.
///
/// Reading and parsing stand in `HTTPConnection+Reading`, answers in `HTTPConnection+Writing`, the deadlines in
/// `HTTPConnection+Deadlines`. The listener and the loop keep it alive until `close`.
final class HTTPConnection: ReadinessHandler, EndOfTickWork, @unchecked Sendable {
  enum State {
    /// Requests are read and answered.
    case open
    /// The last request was parsed; what still comes in is not looked at.
    case finishing
    /// The last answer is sent and our side is shut; reading on until the client closes.
    case lingering
    case closed
  }

  let context: ListenerContext
  let loop: EventLoop
  let descriptor: Int32
  private let listener: HTTPListener
  /// Its place in the listener's list.
  var position = 0
  /// Whether it takes up a place in the budget.
  let isCounted: Bool
  var state = State.open
  var waitsForEndOfTick = false

  let parser: HTTPParser
  var input = InputBuffer()
  /// Something that was read lies behind the request that was parsed last.
  var hasMoreInput = false
  /// The client has closed its side; answers may still leave.
  var hasInputEnded = false
  /// Not read because too many calls are in flight, too many bytes unsent, or a request is held back.
  var isPaused = false
  /// The length of a complete request at the start of `input` that waits for the answers to those before it; 0
  /// without one.
  var held = 0
  /// Whether the calls in flight only read.
  var areCallsSafe = true

  /// The number of the next request, and of the next answer to send.
  var nextSequence: UInt64 = 0
  var nextAnswer: UInt64 = 0
  /// Answers that came before their turn, at their number modulo the count (a power of two).
  var waiting = ContiguousArray<HTTPExchange?>()
  var output: OutputBuffer?
  /// The exchange behind which no request has its turn until it is answered: its request's body is handed over as it
  /// arrives, or the handler wants it so, perhaps for a shorter time.
  var alone: HTTPExchange?
  /// The exchange whose answer is being sent in pieces.
  var streaming: HTTPExchange?
  /// The socket takes no more at the moment.
  var isBlocked = false
  /// An answer after which the connection closes is in the output.
  var isLastAnswerWritten = false
  var isAbandoned = false
  private var interest: Interest = .read

  /// When the head, or the body, of the request that is arriving began; 0 without one.
  var headBegan: UInt64 = 0
  var bodyBegan: UInt64 = 0
  /// When something was last read or sent.
  var lastActivity: UInt64
  /// When the socket last took bytes, or began to be offered them.
  var lastProgress: UInt64 = 0
  private var knownPeerAddress: String?

  init(
    _ descriptor: Int32, _ context: ListenerContext, listener: HTTPListener, isCounted: Bool
  ) throws(SystemError) {
    self.descriptor = descriptor
    self.context = context
    self.listener = listener
    self.isCounted = isCounted
    loop = context.loop
    lastActivity = loop.now
    parser = HTTPParser(limits: context.limits, buffer: context.scratch, handler: context.handler)
    try loop.register(descriptor, .read, self)
  }

  /// Requests that wait for their answers.
  var inFlight: Int { Int(nextSequence - nextAnswer) }

  /// Neither a part of a request, nor a call, nor an unsent byte.
  var isIdle: Bool { inFlight == 0 && output == nil && input.count == 0 && !parser.isInsideRequest }

  var peerAddress: String {
    if let knownPeerAddress { return knownPeerAddress }
    let address = ListenAddress.peer(of: descriptor)
    knownPeerAddress = address
    return address
  }

  func ready(_ events: Interest) {
    if !events.isDisjoint(with: [.hangUp, .error]) {
      close()
      return
    }
    if events.contains(.write) {
      isBlocked = false
      loop.atEndOfTick(self)
    }
    if events.contains(.read), state != .closed { read() }
  }

  /// Tells epoll what is of interest now, if that changed.
  func updateInterest() {
    guard state != .closed else { return }
    var wanted: Interest = []
    if state == .lingering || (state == .open && !isPaused && !hasInputEnded) { wanted.insert(.read) }
    if isBlocked { wanted.insert(.write) }
    guard wanted != interest else { return }
    interest = wanted
    loop.modify(descriptor, wanted)
  }

  /// An exchange was dropped without an answer: nothing that follows it may be sent. Closes at the end of the
  /// tick only: the handler may still be reading the request.
  func abandon() {
    guard state != .closed else { return }
    isAbandoned = true
    state = .finishing
    loop.atEndOfTick(self)
  }

  /// Closes at once. Answers that are not sent yet are lost. Calling it twice does nothing.
  func close() {
    guard state != .closed else { return }
    state = .closed
    loop.deregister(descriptor)
    Glibc.close(descriptor)
    input.keep(UnsafeRawBufferPointer(start: nil, count: 0), parsed: 0)
    output = nil
    let streams = waiting.compactMap { $0 } + [streaming].compactMap { $0 }
    waiting.removeAll()
    streaming = nil
    for exchange in streams { exchange.wakePiece() }
    let body = alone?.body
    alone = nil
    body?.fail(.badRequest("The connection was closed."))
    listener.closed(self)
  }
}
