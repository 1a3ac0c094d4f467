import Testing

@testable import HTTP

@Suite struct DeadlineTests {
  private func limits(_ change: (inout HTTPLimits) -> Void) -> HTTPLimits {
    var limits = HTTPLimits()
    change(&limits)
    return limits
  }

  @Test func `a connection that rests too long is closed without a word`() throws {
    try TestServer.run(limits: limits { $0.idleTimeout = .milliseconds(60) }) { server in
      let fresh = try TestClient(server)
      let used = try TestClient(server)
      try used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try used.answer().status == 200)
      #expect(try used.isClosed())
      #expect(try fresh.isClosed())
      server.onLoop {}
      #expect(server.budget.open == 0)
    }
  }

  @Test func `a slow head gets 408, also when it trickles`() throws {
    try TestServer.run(limits: limits { $0.headTimeout = .milliseconds(80) }) { server in
      let client = try TestClient(server)
      try client.send("GET / HTTP/1.1\r\nHo")
      let answer = try client.answer()
      #expect(answer.status == 408)
      #expect(answer.body.hasPrefix("request_timeout GET"))
      #expect(try client.isClosed())

      // Each byte is progress, but the head as a whole has its time.
      let trickling = try TestClient(server)
      try trickling.send("GET / HTTP/1.1\r\nX: ")
      while trickling.dataSegments() == 0 {
        // Fails when the server has closed meanwhile, and then the answer is there.
        try? trickling.send("a")
        server.onLoop {}
      }
      #expect(try trickling.answer().status == 408)
    }
  }

  @Test func `a slow body gets 408`() throws {
    try TestServer.run(limits: limits { $0.bodyTimeout = .milliseconds(80) }) { server in
      let client = try TestClient(server)
      try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
      #expect(try client.answer().status == 408)
      #expect(try client.isClosed())
    }
  }

  @Test func `a call in flight is not cut off by the idle timeout`() throws {
    try TestServer.runHolding(limits: limits { $0.idleTimeout = .milliseconds(40) }) { server in
      let watched = try TestClient(server)
      try watched.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      server.onLoop {}
      // A second connection that rests is closed: the time of the first is over too.
      #expect(try TestClient(server).isClosed())
      server.onLoop { server.held[0].respond(HTTPResponse(status: 200)) }
      #expect(try watched.answer().status == 200)
    }
  }

  @Test func `a client that reads nothing is closed after the write timeout`() throws {
    let body = [UInt8](repeating: 1, count: 16_000_000)
    try TestServer.run(
      limits: limits { $0.writeTimeout = .milliseconds(100) },
      handle: { _, exchange in
        exchange.respond(HTTPResponse(status: 200, body: body))
      }
    ) { server in
      let client = try TestClient(server, receiveBuffer: 8_192)
      try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      // What was open may be closed before anybody has looked.
      while server.onLoop({ server.handled == 0 || server.listener.connectionCount > 0 }) {}
      #expect(server.budget.open == 0)
      withExtendedLifetime(client) {}
    }
  }
}
