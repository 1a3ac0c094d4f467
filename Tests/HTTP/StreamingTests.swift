import EventLoop
import Glibc
import Testing

@testable import HTTP

/// Requests whose bodies are handed over as they arrive.
@Suite struct StreamingTests {
  /// Answers a streamed body with itself: as a whole, or, under `/stream/parts`, piece by piece as it comes.
  private static func echo(_ request: borrowing HTTPRequest, _ exchange: HTTPExchange) {
    guard let body = exchange.body else { return TestServer.describe(request, exchange) }
    let path = String(decoding: request.path, as: UTF8.self)
    if path == "/stream/refused" { return exchange.respond(HTTPResponse(status: 401)) }
    let echo = Echo(exchange, body, inParts: path == "/stream/parts")
    body.onChange = { echo.goOn() }
  }

  private final class Echo: @unchecked Sendable {
    let exchange: HTTPExchange
    let body: HTTPBodyStream
    var pieces: [[UInt8]] = []
    var isSending = false
    let isInParts: Bool

    init(_ exchange: HTTPExchange, _ body: HTTPBodyStream, inParts: Bool) {
      self.exchange = exchange
      self.body = body
      isInParts = inParts
      if inParts { exchange.begin(HTTPResponse(status: 200, contentType: "text/plain")) }
    }

    func goOn() {
      pieces.append(body.take())
      if isInParts {
        if !isSending { send() }
      } else if body.failure != nil {
        exchange.respond(HTTPResponse(status: 400))
      } else if body.isComplete {
        exchange.respond(HTTPResponse(status: 200, body: Array(pieces.joined())))
      }
    }

    private func send() {
      isSending = true
      EventLoop.current!.runTask { [self] in
        while !pieces.isEmpty { _ = await exchange.send(pieces.removeFirst()) }
        isSending = false
        if body.failure != nil { exchange.abort() } else if body.isComplete { await exchange.end() }
      }
    }
  }

  private func run(_ body: (TestServer) throws -> Void) throws {
    var limits = HTTPLimits()
    limits.maxBody = 100
    let server = try TestServer(limits: limits, handle: Self.echo)
    server.streams = { $0.starts(with: "/stream".utf8) }
    defer { server.stop() }
    try body(server)
  }

  @Test func `a streamed body has no limit, and what follows waits for its answer`() throws {
    try run { server in
      let client = try TestClient(server)
      let body = String(repeating: "0123456789", count: 50_000)
      try client.send(
        "GET /first HTTP/1.1\r\nHost: a\r\n\r\nPOST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
      )
      try client.send(
        body
          + "POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /last HTTP/1.1\r\nHost: a\r\n\r\n"
      )
      #expect(try client.answer().body == "GET /first?\n")
      #expect(try client.answer().body == body)
      #expect(try client.answer().body == "POST /next?\nhi")
      #expect(try client.answer().body == "GET /last?\n")
    }
  }

  @Test func `chunks are joined wherever they are cut`() throws {
    try run { server in
      let client = try TestClient(server)
      let head = "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      for byte in Array((head + "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n").utf8) {
        try client.send([byte])
        server.onLoop {}
      }
      #expect(try client.answer().body == "abc0123456789")
      try client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().body == "GET /next?\n")
    }
  }

  @Test func `an answer may begin before the request has ended`() throws {
    try run { server in
      let client = try TestClient(server)
      try client.send("POST /stream/parts HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
      let begun = try client.text(until: "abc\r\n")
      #expect(begun.contains("Transfer-Encoding: chunked\r\n") && !begun.contains("Content-Length"))
      try client.send("def")
      #expect(try client.text(until: "0\r\n\r\n") == "3\r\ndef\r\n0\r\n\r\n")
      try client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.answer().body == "GET /next?\n")
    }
  }

  @Test func `a client of HTTP 1.0 gets an answer in parts up to the end of the connection`() throws {
    try run { server in
      let client = try TestClient(server)
      try client.send("POST /stream/parts HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc")
      let begun = try client.text(until: "\r\n\r\nabc")
      #expect(begun.contains("Connection: close\r\n") && !begun.contains("chunked"))
      #expect(try client.isClosed())
    }
  }

  @Test func `a body that is not wanted is not waited for`() throws {
    try run { server in
      let client = try TestClient(server)
      try client.send("POST /stream/refused HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc")
      let answer = try client.answer()
      #expect(answer.status == 401 && answer.fields["connection"] == "close")
    }
  }

  @Test func `a client that waits for 100 Continue is told to go on`() throws {
    try run { server in
      let client = try TestClient(server)
      try client.send("POST /stream HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
      _ = try client.text(until: "100 Continue\r\n\r\n")
      try client.send("abc")
      #expect(try client.answer().body == "abc")
    }
  }

  @Test func `a body that is broken off or malformed is told to its handler`() throws {
    try run { server in
      let first = try TestClient(server)
      try first.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
      first.endSending()
      #expect(try first.answer().status == 400)
      let second = try TestClient(server)
      try second.send("POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n")
      #expect(try second.answer().status == 400)
      // One that has begun to hear its answer sees that it is not whole.
      let third = try TestClient(server)
      try third.send("POST /stream/parts HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
      _ = try third.text(until: "abc\r\n")
      third.endSending()
      #expect(try third.isClosed())
    }
  }

  @Test func `a client faster than its handler is slowed down`() throws {
    let kept = Kept()
    let server = try TestServer { _, exchange in kept.exchange = exchange }
    server.streams = { _ in true }
    defer { server.stop() }
    let client = try TestClient(server)
    try client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
    _ = fcntl(client.descriptor, F_SETFL, O_NONBLOCK)
    let part = [UInt8](repeating: 97, count: 65_536)
    var sent = 0
    // Full when nothing more goes through while the server has had its turns.
    var idle = 0
    while idle < 50, sent < 50_000_000 {
      let count = Glibc.send(client.descriptor, part, part.count, Int32(MSG_NOSIGNAL))
      sent += max(0, count)
      idle = count > 0 ? 0 : idle + 1
      server.onLoop {}
    }
    #expect(sent < 50_000_000)
    let arrived = server.onLoop { kept.exchange?.body?.take().count ?? 0 }
    #expect(arrived >= HTTPBodyStream.mostBuffered && arrived < 3 * HTTPBodyStream.mostBuffered)
    // Room in the stream lets it go on.
    var more = 0
    for _ in 0..<1000 where more == 0 { more = server.onLoop { kept.exchange?.body?.take().count ?? 0 } }
    #expect(more > 0)
    server.onLoop { kept.exchange = nil }
  }

  private final class Kept: @unchecked Sendable {
    /// Loop thread only.
    var exchange: HTTPExchange?
  }
}
