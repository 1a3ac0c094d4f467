import Testing

@testable import HTTP

@Suite struct RefusalTests {
  /// Sends `wire` after one good request; both are answered, the second with `status`, then the server closes.
  private func expectRefusal(
    _ wire: [UInt8], _ status: Int, _ code: String? = nil, limits: HTTPLimits = HTTPLimits()
  ) throws {
    try TestServer.run(limits: limits) { server in
      let client = try TestClient(server)
      try client.send(Array("GET /good HTTP/1.1\r\nHost: h\r\n\r\n".utf8) + wire)
      #expect(try client.answer().body == "GET /good?\n")
      let answer = try client.answer()
      #expect(answer.status == status)
      #expect(answer.fields["connection"] == "close")
      if let code { #expect(answer.body.hasPrefix(code)) }
      #expect(try client.isClosed())
      #expect(server.onLoop { server.handled } == 1)
    }
  }

  @Test(arguments: [
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 1\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
    "POST / HTTP/1.1\r\nHost: h\r\nX: x\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nX:\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nX: x\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nX: x\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\rContent-Length: 1\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\r\n\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\r\na",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\rC: d\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\n",
  ]) func `what request smuggling is made of is refused`(_ wire: String) throws {
    try expectRefusal(Array(wire.utf8), 400, "bad_request")
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX\u{0}: 1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: 1\u{0}2\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\u{1}2\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\n\n", "GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /é HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://u@h/p HTTP/1.1\r\nHost: a\r\n\r\n", "NONSENSE / HTTP/1.1\r\nHost: a\r\n\r\n",
    "get / HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}",
    "GET / HTTP/1.1\r\nHost: a\r\n: v\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
  ]) func `a malformed request is refused`(_ wire: String) throws {
    try expectRefusal(Array(wire.utf8), 400, "bad_request")
  }

  @Test(arguments: [
    ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505), ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505),
    ("GET / HTTP/1.1\rHost: h\r\n\r\n", 505),
    ("GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("GET /\r\n\r\n", 505),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n", 417),
  ]) func `what the server does not speak has its own status`(_ wire: String, _ status: Int) throws {
    try expectRefusal(Array(wire.utf8), status)
  }

  @Test func `limits are refused with their own status`() throws {
    var limits = HTTPLimits()
    limits.maxBody = 10
    limits.maxHead = 1000
    limits.maxTarget = 100
    let long = String(repeating: "a", count: 101)
    let host = "HTTP/1.1\r\nHost: h\r\n"
    try expectRefusal(Array("GET /\(long) \(host)\r\n".utf8), 414, "target_too_long GET", limits: limits)
    try expectRefusal(
      Array("PUT / \(host)X: \(String(repeating: "b", count: 1000))\r\n\r\n".utf8), 431, "head_too_large PUT",
      limits: limits)
    try expectRefusal(
      Array("GET / \(host)\(String(repeating: "a:b\r\n", count: 300))".utf8), 431, limits: limits)
    try expectRefusal(
      Array("GET / \(host)X:\(String(repeating: " ", count: 2000))".utf8), 431, limits: limits)
    try expectRefusal(
      Array("POST / \(host)Content-Length: 11\r\n\r\n".utf8), 413, "body_too_large POST", limits: limits)
    try expectRefusal(
      Array("POST / \(host)Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n3\r\nabc\r\n0\r\n\r\n".utf8),
      413,
      limits: limits)
  }

  @Test func `a refused head that arrives byte by byte is refused the same`() throws {
    var limits = HTTPLimits()
    limits.maxTarget = 20
    try TestServer.run(limits: limits) { server in
      let client = try TestClient(server)
      for byte in "GET /\(String(repeating: "a", count: 20))".utf8 {
        try client.send([byte])
        server.onLoop {}
      }
      #expect(try client.answer().status == 414)
      #expect(try client.isClosed())
    }
  }

  @Test func `a client that is still sending a refused body can read the answer`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n")
      let part = [UInt8](repeating: 65, count: 100_000)
      for _ in 0..<80 { try client.send(part) }
      #expect(try client.answer().status == 413)
      #expect(try client.isClosed())
    }
  }

  @Test func `earlier answers that are still awaited go out before the refusal`() throws {
    try TestServer.runHolding { server in
      let client = try TestClient(server)
      try client.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nrubbish\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n"
      )
      #expect(server.onLoop { server.held.count } == 2)
      server.onLoop { server.held[1].respond(HTTPResponse(status: 202)) }
      server.onLoop { server.held[0].respond(HTTPResponse(status: 201)) }
      #expect(try client.answer().status == 201)
      #expect(try client.answer().status == 202)
      #expect(try client.answer().status == 400)
      #expect(try client.isClosed())
    }
  }

  @Test func `a refused HEAD gets no body`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send("HEAD /x HTTP/1.1\r\n\r\n")
      let answer = try client.answer(toHead: true)
      #expect(answer.status == 400)
      #expect(try client.isClosed())
    }
  }
}
