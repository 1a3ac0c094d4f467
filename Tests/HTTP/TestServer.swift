import Dispatch
import EventLoop
import Testing

@testable import HTTP

/// What a test's server does with a request.
typealias TestHandle = (borrowing HTTPRequest, HTTPExchange) -> Void

/// A server on its own loop at a free port of 127.0.0.1.
final class TestServer: HTTPHandler, @unchecked Sendable {
  let loop: EventLoop
  let budget: ConnectionBudget
  private(set) var listener: HTTPListener!
  private let handle: TestHandle
  /// Loop thread only: requests seen, and exchanges that `holding` servers keep.
  private(set) var handled = 0
  var held: [HTTPExchange] = []
  /// Which paths' bodies are streamed; set before a client connects.
  var streams: (UnsafeRawBufferPointer) -> Bool = { _ in false }

  init(limits: HTTPLimits = HTTPLimits(), cap: Int = 1000, handle: @escaping TestHandle = TestServer.describe)
    throws
  {
    loop = try EventLoop(index: 0)
    budget = ConnectionBudget(cap: cap)
    self.handle = handle
    listener = try HTTPListener(
      loop: loop, address: ListenAddress("127.0.0.1:0")!, limits: limits, budget: budget, handler: self)
    loop.post { try! self.listener.start() }
    loop.start(named: "test-loop")
  }

  /// Runs `body` with a server and stops it after.
  static func run(
    limits: HTTPLimits = HTTPLimits(), cap: Int = 1000, handle: @escaping TestHandle = TestServer.describe,
    _ body: (TestServer) throws -> Void
  ) throws {
    let server = try TestServer(limits: limits, cap: cap, handle: handle)
    defer { server.stop() }
    try body(server)
  }

  /// The same with a server that keeps every exchange in `held` until the test answers it.
  ///
  /// - Parameters:
  ///   - standsAlone: which paths' requests nothing else may run beside.
  ///   - holdsFollowing: which paths' requests hold those behind them back.
  static func runHolding(
    limits: HTTPLimits = HTTPLimits(),
    standsAlone: @escaping (UnsafeRawBufferPointer) -> Bool = { _ in false },
    holdsFollowing: @escaping (UnsafeRawBufferPointer) -> Bool = { _ in false },
    _ body: (TestServer) throws -> Void
  ) throws {
    let keeper = Keeper()
    let server = try TestServer(limits: limits) { request, exchange in
      guard !standsAlone(request.path) || exchange.standAlone() else { return }
      keeper.server!.held.append(exchange)
      if holdsFollowing(request.path) { #expect(exchange.holdFollowing()) }
    }
    keeper.server = server
    defer {
      server.onLoop { server.held = [] }
      keeper.server = nil
      server.stop()
    }
    try body(server)
  }

  func handle(_ request: borrowing HTTPRequest, _ exchange: HTTPExchange) {
    handled += 1
    handle(request, exchange)
  }

  func streamsBody(_ method: HTTPMethod, _ path: UnsafeRawBufferPointer) -> Bool { streams(path) }

  func refusalBody(_ refusal: HTTPRefusal) -> HTTPResponse {
    HTTPResponse(status: refusal.status, body: Array("\(refusal.code) \(refusal.methodName ?? "-")".utf8))
  }

  /// Runs `body` on the loop and waits for it: everything that had arrived before was handled before. It takes
  /// two ticks, one to accept a connection and one to read it.
  @discardableResult
  func onLoop<Value>(_ body: @escaping () -> Value) -> Value {
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var value: Value?
    nonisolated(unsafe) let body = body
    loop.post {
      self.loop.post {
        value = body()
        done.signal()
      }
    }
    done.wait()
    return value!
  }

  /// Begins a drain and tells when it is complete.
  func drain() -> DispatchSemaphore {
    let drained = DispatchSemaphore(value: 0)
    onLoop { self.listener.drain { drained.signal() } }
    return drained
  }

  func stop() {
    onLoop { self.listener.closeAll() }
    loop.stop()
    loop.join()
    // The listener holds its handler, which is this object.
    listener = nil
  }

  /// Answers with what arrived: `METHOD path?query`, a line break, the body.
  static func describe(_ request: borrowing HTTPRequest, _ exchange: HTTPExchange) {
    exchange.respond(HTTPResponse(status: 200, body: description(request), contentType: "text/plain"))
  }

  static func description(_ request: borrowing HTTPRequest) -> [UInt8] {
    var body = Array("\(request.methodName) ".utf8)
    body += request.path
    body += Array("?".utf8) + request.query
    body += Array("\n".utf8) + request.body
    return body
  }
}

private final class Keeper: @unchecked Sendable {
  var server: TestServer?
}
