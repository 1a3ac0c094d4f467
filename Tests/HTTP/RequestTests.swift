import Testing

@testable import HTTP

@Suite struct RequestTests {
  @Test func `a request's method, path, query, fields and body reach the handler`() throws {
    try TestServer.run(handle: { request, exchange in
      var text = String(decoding: TestServer.description(request), as: UTF8.self)
      text += "|" + (request.header("x-thing").map { String(decoding: $0, as: UTF8.self) } ?? "none")
      text += "|" + (request.header("x-empty").map { "\($0.count)" } ?? "none")
      text += "|\(request.hasBodyLength)|\(request.peerAddress)"
      exchange.respond(HTTPResponse(status: 201, body: Array(text.utf8)))
    }) { server in
      let client = try TestClient(server)
      try client.send(
        "POST /a%20b?c=d&e HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-THING:  v w \r\nContent-Length: 3\r\n\r\nxyz")
      let answer = try client.answer()
      #expect(answer.status == 201)
      #expect(answer.body == "POST /a%20b?c=d&e\nxyz|v w|0|true|127.0.0.1")
      #expect(answer.fields["content-type"] == "application/json")
      #expect(answer.fields["date"]?.hasSuffix(" GMT") == true)
      #expect(answer.fields["connection"] == nil)
      try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.answer().body == "GET /?\n|none|none|false|127.0.0.1")
    }
  }

  @Test(arguments: [
    ("GET http://h:1/p/q?r=s HTTP/1.1", "GET /p/q?r=s\n"), ("GET http://h HTTP/1.1", "GET /?\n"),
    ("GET HTTPS://h?a HTTP/1.1", "GET /?a\n"), ("OPTIONS * HTTP/1.1", "OPTIONS *?\n"),
    ("CONNECT h:443 HTTP/1.1", "CONNECT h:443?\n"), ("DELETE /?? HTTP/1.1", "DELETE /??\n"),
    ("MKCOL /x HTTP/1.1", "MKCOL /x?\n"),
  ]) func `every form of target is understood and the connection goes on`(_ line: String, _ body: String)
    throws
  {
    try TestServer.run { server in
      let client = try TestClient(server)
      for _ in 0..<2 {
        try client.send("\(line)\r\nHost: h\r\n\r\n")
        let answer = try client.answer()
        #expect(answer.status == 200)
        #expect(answer.body == body)
      }
    }
  }

  @Test func `chunks are joined, extensions and trailers dropped`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send(
        "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "5;name=value\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n"
          + "GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.answer().body == "POST /c?\nhello 0123456789")
      #expect(try client.answer().body == "GET /next?\n")
    }
  }

  @Test func `a body of one-byte chunks sent one byte at a time is joined`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      var wire = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      for letter in "abcdefgh" { wire += "1\r\n\(letter)\r\n" }
      for byte in (wire + "0\r\n\r\n").utf8 {
        try client.send([byte])
        server.onLoop {}
      }
      #expect(try client.answer().body == "POST /c?\nabcdefgh")
    }
  }

  @Test func `HEAD is answered with the length that GET would have and no body`() throws {
    try TestServer.run(handle: { _, exchange in
      exchange.respond(HTTPResponse(status: 200, body: Array("0123456789".utf8)))
    }) { server in
      let client = try TestClient(server)
      try client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n")
      let head = try client.answer(toHead: true)
      #expect(head.fields["content-length"] == "10")
      #expect(head.fields["content-type"] == "application/json")
      #expect(try client.answer().body == "0123456789")
    }
  }

  @Test func `an upgrade is declined by answering in HTTP 1 1`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      for _ in 0..<2 {
        try client.send(
          "GET /u HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
        )
        #expect(try client.answer().body == "GET /u?\n")
      }
    }
  }

  @Test(
    arguments: [
      ("HTTP/1.1", "", nil, false), ("HTTP/1.1", "Connection: close\r\n", "close", true),
      ("HTTP/1.0", "", "close", true), ("HTTP/1.0", "Connection: keep-alive\r\n", "keep-alive", false),
      ("HTTP/1.1", "Connection: foo, CLOSE\r\n", "close", true),
    ] as [(String, String, String?, Bool)])
  func `keep-alive follows the rules of the version`(
    _ version: String, _ field: String, _ connection: String?, _ closes: Bool
  ) throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send("GET / \(version)\r\nHost: h\r\n\(field)\r\n")
      #expect(try client.answer().fields["connection"] == connection)
      if closes {
        #expect(try client.isClosed())
      } else {
        try client.send("GET /2 \(version)\r\nHost: h\r\n\(field)\r\n")
        #expect(try client.answer().body == "GET /2?\n")
      }
    }
  }

  @Test func `a client that closes its sending side still gets its answers`() throws {
    try TestServer.runHolding { server in
      let client = try TestClient(server)
      try client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
      client.endSending()
      #expect(server.onLoop { server.held.count } == 2)
      server.onLoop { for exchange in server.held { exchange.respond(HTTPResponse(status: 200)) } }
      #expect(try client.answer().status == 200)
      #expect(try client.answer().status == 200)
      #expect(try client.isClosed())
    }
  }

  @Test func `a body may be read 64 bytes beyond its end`() throws {
    try TestServer.run(handle: { request, exchange in
      let body = request.body
      var sum = 0
      for index in 0..<body.count + 64 {
        sum += Int(body.baseAddress!.load(fromByteOffset: index, as: UInt8.self))
      }
      exchange.respond(HTTPResponse(status: sum >= 0 ? 200 : 500))
    }) { server in
      for size in [0, 1, 100, 65_000, 65_536, 200_000, 1_048_576] {
        let client = try TestClient(server)
        try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(size)\r\n\r\n")
        try client.send([UInt8](repeating: 65, count: size))
        #expect(try client.answer().status == 200)
      }
    }
  }
}
