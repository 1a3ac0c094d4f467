import ContextModel
import EventLoop
import HTTP
import JSON
@_spi(Server) import LiaisonKit

/// `POST /associations`: many associations in one request. Belongs to the loop's thread.
///
/// The request itself goes through the pipeline once, which admits it or not; then every item goes through as an
/// Associate Service call of its own, without asking again who makes it. Items begin in their order, a bounded number of
/// them is on its way at a time, and their results leave while more of the body arrives: what is held of the request and
/// of its answer is bounded, whatever its length.
final class BulkAssociation: EndOfTickWork, @unchecked Sendable {
  /// The most items whose results are not in the answer yet.
  static let mostUnderway = 512
  /// The most items that begin in one tick: other connections have their turn in between.
  private static let mostInTick = 256
  /// With so much text of results, in bytes, the answer begins before the request has ended.
  private static let answerPart = 65_536
  /// With so much of it waiting for the client no more items begin.
  private static let mostText = 262_144

  var waitsForEndOfTick = false
  private let loop: EventLoop
  private let runner: CallRunner
  private let parser: JSONParser
  private let longestCustomerID: Int
  private let request: Call
  private var answer: Answer
  private let metricsRow: Int
  private let body: HTTPBodyStream
  private var splitter: ItemSplitter
  private var results = BulkResults()
  private var isAdmitted = false
  /// Those of the reply to the request, which stand on its answer whatever becomes of the items; and what stood before the
  /// API's path.
  private var headers: [ReplyHeader] = []
  private var prefix = ""
  private var hasBegun = false
  /// No item follows: the body is at its end, or cannot be cut any further.
  private var isOver = false
  private var isAnswered = false
  /// The next tick is asked for.
  private var isPosted = false
  /// A piece of the answer waits for the client.
  private var isSending = false

  /// - Parameters:
  ///   - answer: to the request, whose body is `body`.
  ///   - metricsRow: where items are counted.
  init(
    _ request: Call, _ answer: Answer, body: HTTPBodyStream, runner: CallRunner, loop: EventLoop,
    parser: JSONParser, options: ContextAPI.Options, metricsRow: Int
  ) {
    self.request = request
    self.answer = answer
    self.body = body
    self.runner = runner
    self.loop = loop
    self.parser = parser
    self.metricsRow = metricsRow
    longestCustomerID = options.longestCustomerID
    splitter = ItemSplitter(largest: options.largestItem)
  }

  /// Begins with the items, if the pipeline's end has let the request pass.
  ///
  /// - Returns: `false` if the reply is the answer to all of it: no item is begun then.
  func begin(after reply: Reply, prefix: String) -> Bool {
    guard reply.isSuccess, runner.hasReachedEnd(request) else { return false }
    isAdmitted = true
    headers = reply.headers
    self.prefix = prefix
    body.onChange = { [self] in loop.atEndOfTick(self) }
    loop.atEndOfTick(self)
    return true
  }

  /// An item's call is answered.
  ///
  /// - Parameter begun: when, in monotonic nanoseconds.
  func finished(_ place: Int, begun: UInt64, _ result: BulkResult) {
    answer.metrics.record(metricsRow, status: result.status, start: begun)
    results.set(place, result)
    loop.atEndOfTick(self)
  }

  func endOfTick() {
    guard isAdmitted, !isAnswered else { return }
    // First what is done: it makes room for what may begin.
    results.isArray = splitter.isArray
    results.write()
    begin()
    send()
  }

  // MARK: Items

  private func begin() {
    var begun = 0
    while !isOver, results.held < Self.mostUnderway, results.count < Self.mostText {
      guard begun < Self.mostInTick else { return goOnInNextTick() }
      switch splitter.next(isLast: body.isComplete && body.isEmpty) {
      case .item(let item):
        begin(item)
        begun += 1
      case .end: isOver = true
      case .broken(let fault): end(for: fault)
      case .incomplete:
        let part = body.take()
        if !part.isEmpty {
          splitter.append(part)
        } else if body.failure != nil {
          isOver = true
        } else if !body.isComplete {
          return
        }
      }
    }
  }

  private func goOnInNextTick() {
    guard !isPosted else { return }
    isPosted = true
    loop.post { self.nextTick() }
  }

  private func nextTick() {
    isPosted = false
    endOfTick()
  }

  private func begin(_ item: Range<Int>) {
    let place = results.reserve()
    let call = Call(
      operation: .associateService, requiredRole: nil, requestNumber: request.requestNumber,
      peer: request.peer, receivedAt: Timestamp(milliseconds: loop.wallClock), headers: request.headers)
    call.takeOver(from: request)
    do throws(ContextError) {
      try splitter.read(item) { text throws(ContextError) in try decode(text, into: call) }
    } catch {
      call.event = nil
      call.malformed = error
    }
    runner.run(CallRunner.Work(call: call, recipient: .item(self, place, begun: loop.now)))
  }

  private func decode(_ text: UnsafeRawBufferPointer, into call: Call) throws(ContextError) {
    let document: JSONDocument
    do throws(JSONError) {
      document = try parser.parse(padded: text)
    } catch {
      throw ContextError(error)
    }
    let root = document.root
    call.event = try Event(decoding: root, as: .association, longestCustomerID: longestCustomerID)
    // What is there was checked by the event.
    guard let id = root["service_id"] else { throw .missingField("service_id", "the id of a service") }
    call.serviceID = id.int64.flatMap(ServiceID.init) ?? id.withUTF8 { ServiceID(digits: $0) }.flatMap { $0 }
    guard let customer = call.event?.customerID else {
      throw .missingField("customer_id", "the customer's id")
    }
    call.customerID = customer
  }

  /// Nothing that follows can be told apart: the last result says why, and the connection closes after the answer.
  private func end(for fault: ItemSplitter.Fault) {
    isOver = true
    answer.exchange.closeAfterwards()
    let error = ContextError(fault)
    switch fault {
    case .empty, .neitherArrayNorLines: refuse(error)
    case .malformedArray, .itemTooLarge: results.set(results.reserve(), BulkResult(error))
    }
  }

  // MARK: The answer

  private func refuse(_ error: ContextError) {
    isAnswered = true
    body.onChange = nil
    answer.send(withHeaders(HTTPResponse(error, method: "POST")))
  }

  private func withHeaders(_ response: consuming HTTPResponse) -> HTTPResponse {
    response.append(headers, prefix: prefix)
    return response
  }

  private func send() {
    guard !isAnswered else { return }
    results.isArray = splitter.isArray
    let isLast = isOver && results.missing == 0
    if let failure = body.failure, isLast, !hasBegun {
      refuse(ContextError(status: failure.status, code: failure.code, message: failure.message))
      return
    }
    results.write()
    if !hasBegun, isLast {
      isAnswered = true
      body.onChange = nil
      answer.send(
        withHeaders(HTTPResponse(status: 200, body: results.take(isLast: true), contentType: contentType)))
    } else if !isSending, isLast || results.count >= Self.answerPart {
      if !hasBegun {
        hasBegun = true
        answer.begin(withHeaders(HTTPResponse(status: 200, contentType: contentType)))
      }
      send(results.take(isLast: isLast), isLast: isLast)
    }
  }

  private func send(_ piece: [UInt8], isLast: Bool) {
    isSending = true
    if isLast {
      isAnswered = true
      body.onChange = nil
    }
    let exchange = answer.exchange
    loop.runTask { [self] in
      let isThere = await exchange.send(piece)
      isSending = false
      if !isThere {
        isAnswered = true
        body.onChange = nil
      } else if !isLast {
        loop.atEndOfTick(self)
      } else if body.failure == nil {
        await exchange.end()
      } else {
        exchange.abort()
      }
    }
  }

  private var contentType: StaticString { splitter.isArray ? "application/json" : "application/x-ndjson" }
}

extension ContextError {
  /// What a client hears of a body that cannot be cut into items.
  fileprivate init(_ fault: ItemSplitter.Fault) {
    let forms = ["a JSON array of objects", "one JSON object per line"]
    switch fault {
    case .empty:
      self.init(
        status: 400, code: "missing_body", message: "This operation needs a body.", allowed: forms)
    case .neitherArrayNorLines:
      self.init(
        status: 400, code: "malformed_json",
        message: "The body is neither a JSON array nor one JSON object per line.", allowed: forms)
    case .malformedArray:
      self.init(
        status: 400, code: "malformed_json",
        message: "The body is no JSON array from here on; nothing behind this was read.")
    case .itemTooLarge:
      self.init(
        status: 413, code: "body_too_large",
        message: "This item is larger than this server takes; nothing behind it was read.")
    }
  }
}
