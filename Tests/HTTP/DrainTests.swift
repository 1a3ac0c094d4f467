import Dispatch
import Testing

@testable import HTTP

@Suite struct DrainTests {
  @Test
  func `calls in flight are answered with Connection close, idle connections closed, then it completes`()
    throws
  {
    try TestServer.runHolding { server in
      let idle = try TestClient(server)
      let busy = try TestClient(server)
      try busy.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(server.onLoop { server.held.count } == 2)
      let drained = server.drain()
      #expect(try idle.isClosed())
      #expect(drained.wait(timeout: .now()) == .timedOut)
      server.onLoop { server.held[1].respond(HTTPResponse(status: 202)) }
      server.onLoop { server.held[0].respond(HTTPResponse(status: 201)) }
      let first = try busy.answer()
      let second = try busy.answer()
      #expect(first.status == 201)
      #expect(first.fields["connection"] == nil)
      #expect(second.status == 202)
      #expect(second.fields["connection"] == "close")
      #expect(try busy.isClosed())
      busy.endSending()
      #expect(drained.wait(timeout: .now() + 10) == .success)
      #expect(server.budget.open == 0)
    }
  }

  @Test func `a request that arrives just after the drain began is answered, a new connection is not taken`()
    throws
  {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.answer().fields["connection"] == nil)
      let drained = server.drain()
      #expect(TestSecondListener.canConnect(server.listener.address) == false)
      try client.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.answer().body == "GET /2?\n")
      let last = try client.answer()
      #expect(last.body == "GET /3?\n")
      #expect(last.fields["connection"] == "close")
      #expect(try client.isClosed())
      client.endSending()
      #expect(drained.wait(timeout: .now() + 10) == .success)
    }
  }

  @Test func `a request that has arrived in part is completed`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
      server.onLoop {}
      let drained = server.drain()
      try client.send("cd")
      let answer = try client.answer()
      #expect(answer.body == "POST /p?\nabcd")
      #expect(answer.fields["connection"] == "close")
      client.endSending()
      #expect(drained.wait(timeout: .now() + 10) == .success)
    }
  }

  @Test func `clients that the system accepted but we did not are answered`() throws {
    try TestServer.run { server in
      let blocked = DispatchSemaphore(value: 0)
      server.onLoop {}
      server.loop.post { blocked.wait() }
      let client = try TestClient(unsynchronised: server)
      try client.send("GET /q HTTP/1.1\r\nHost: h\r\n\r\n")
      let drained = DispatchSemaphore(value: 0)
      server.loop.post { server.listener.drain { drained.signal() } }
      blocked.signal()
      #expect(try client.answer().body == "GET /q?\n")
      client.endSending()
      #expect(drained.wait(timeout: .now() + 10) == .success)
    }
  }

  @Test func `a drain without connections completes`() throws {
    try TestServer.run { server in
      #expect(server.drain().wait(timeout: .now() + 10) == .success)
    }
  }
}
