import ContextModel
public import EventLoop
public import HTTP
import JSON
@_spi(Server) public import LiaisonKit

/// The API on one event loop: finds the operation, makes the call, runs the pipeline, encodes the reply.
/// Belongs to the loop's thread.
public final class ContextAPI: HTTPHandler {
  private let loop: EventLoop
  private let runner: CallRunner
  private let probes: Probes
  private let options: Options
  private let metrics: RequestMetrics
  private let router: Router
  private let parser = JSONParser()
  private var requestNumber: UInt64

  /// What can be set about the API.
  public struct Options: Sendable {
    /// A prefix that paths may have, once or twice; empty for none.
    public var basePath: String
    /// In characters.
    public var longestCustomerID: Int
    /// The most bytes of one item of a bulk request.
    public var largestItem: Int
    /// Whose data calls are about; `nil` where there is one tenant.
    public var tenancy: Tenancy?

    /// Options by their values.
    public init(
      basePath: String, longestCustomerID: Int, largestItem: Int = 1_048_576, tenancy: Tenancy? = nil
    ) {
      self.tenancy = tenancy
      self.basePath = basePath
      self.longestCustomerID = longestCustomerID
      self.largestItem = largestItem
    }
  }

  /// The API for one loop.
  public init(
    loop: EventLoop, pipeline: Pipeline, probes: Probes, options: Options, log: Log
  ) {
    self.loop = loop
    runner = CallRunner(loop: loop, pipeline: pipeline, log: log)
    self.probes = probes
    self.options = options
    metrics = RequestMetrics(rows: Self.labels.count)
    router = Router(
      rows: OperationTable.rows.map { ($0.path, $0.method) }
        + Probe.allCases.map { ("/\($0.rawValue)", .get) },
      basePath: options.basePath)
    // Numbers of different loops and runs must not meet; a random start makes that unlikely enough.
    requestNumber = .random(in: 0...UInt64.max)
  }

  /// Registers the requests of all loops' APIs.
  public static func register(_ apis: [ContextAPI], in registry: MetricsRegistry) {
    registry.register(apis.map(\.metrics), labels: labels)
  }

  private static let operations = Operation.allCases
  private static let labels = operations.map(\.rawValue) + Probe.allCases.map(\.rawValue) + ["none"]
  private static let noOperation = labels.count - 1
  /// The metrics row of each row of the table.
  private static let metricsRows = OperationTable.rows.map { operations.firstIndex(of: $0.operation) ?? 0 }

  /// The metrics row of the items of bulk requests.
  private static let itemRow = operations.firstIndex(of: .associateService) ?? 0

  /// Answers a request.
  public func handle(_ request: borrowing HTTPRequest, _ exchange: HTTPExchange) {
    requestNumber &+= 1
    let answer = Answer(
      exchange: exchange, requestNumber: requestNumber, start: loop.now, metrics: metrics,
      metricsRow: Self.noOperation)
    switch router.match(request.method, request.path) {
    case .row(let index, let parameters, let prefix):
      if index < OperationTable.rows.count {
        run(index, request, parameters, prefix: prefix, answer)
      } else {
        answerProbe(Probe.allCases[index - OperationTable.rows.count], answer)
      }
    case .otherMethods(let methods):
      let names = methods.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.name] }
      let error = ContextError(
        status: 405, code: "method_not_allowed", message: "This path has no method \(request.methodName).",
        allowed: names, headers: [ReplyHeader("Allow", names.joined(separator: ", "))])
      answer.send(HTTPResponse(error, method: request.methodName))
    case .nothing:
      let error = ContextError(status: 404, code: "not_found", message: "There is nothing at this path.")
      answer.send(HTTPResponse(error, method: request.methodName))
    }
  }

  /// Bulk requests begin with their first items.
  public func streamsBody(_ method: HTTPMethod, _ path: UnsafeRawBufferPointer) -> Bool {
    guard method == .post, path.last == UInt8(ascii: "s"),
      case .row(let index, _, _) = router.match(method, path), index < OperationTable.rows.count
    else { return false }
    return OperationTable.rows[index].body == .associations
  }

  /// The error body of a request that the connection refuses.
  public func refusalBody(_ refusal: HTTPRefusal) -> HTTPResponse {
    metrics.record(Self.noOperation, status: refusal.status, start: loop.now)
    let error = ContextError(
      status: refusal.status, code: refusal.code, message: refusal.message,
      retryAfter: refusal.status == 503 ? 1 : nil)
    return HTTPResponse(error, method: refusal.methodName ?? "")
  }

  private func run(
    _ index: Int, _ request: borrowing HTTPRequest, _ parameters: PathParameters, prefix: Int,
    _ answer: Answer
  ) {
    let row = OperationTable.rows[index]
    guard !row.standsAlone || answer.exchange.standAlone() else { return }
    var answer = answer
    answer.metricsRow = Self.metricsRows[index]
    let call = Call(
      operation: row.operation, requiredRole: row.role, requestNumber: answer.requestNumber,
      peer: request.peerAddress, receivedAt: Timestamp(milliseconds: loop.wallClock),
      headers: CallHeaders(request))
    do {
      if let tenancy = options.tenancy { call.tenant = try tenancy.tenant(call.headers) }
      try CallDecoder(row: row, parser: parser, longestCustomerID: options.longestCustomerID)
        .decode(request, parameters, into: call)
    } catch {
      call.event = nil
      call.malformed = error
    }
    let method = row.method == .get ? request.methodName : row.method.name
    let prefix = prefix == 0 ? "" : String(decoding: request.path[..<prefix], as: UTF8.self)
    if row.body == .associations, let body = answer.exchange.body {
      let bulk = BulkAssociation(
        call, answer, body: body, runner: runner, loop: loop, parser: parser, options: options,
        metricsRow: Self.itemRow)
      runner.run(CallRunner.Work(call: call, recipient: .bulk(bulk, answer, method: method, prefix: prefix)))
      return
    }
    // Reads may overtake each other, and beside what stands alone there is nothing.
    call.keepsItsPlace = row.method != .get && !row.standsAlone
    runner.run(
      CallRunner.Work(call: call, recipient: .client(answer, method: method, prefix: prefix)))
    if call.keepsItsPlace { runner.keepInOrder(call, answer.exchange) }
  }

  private func answerProbe(_ probe: Probe, _ answer: Answer) {
    var answer = answer
    answer.metricsRow = Self.operations.count + (Probe.allCases.firstIndex(of: probe) ?? 0)
    answer.send(probes.response(to: probe))
  }
}

extension CallHeaders {
  /// The headers of a request, copied.
  fileprivate init(_ request: borrowing HTTPRequest) {
    var headers = CallHeaders(capacity: request.headerBytes + Self.overhead * request.headerCount)
    request.forEachHeader { name, value in headers.append(name: name, value: value) }
    self = headers
  }
}
