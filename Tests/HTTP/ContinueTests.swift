import Testing

@testable import HTTP

@Suite struct ContinueTests {
  private let head = "POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n"

  @Test func `100 is sent when the body is wanted and not there`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send(head)
      #expect(try client.answer().status == 100)
      try client.send("abc")
      #expect(try client.answer().body == "POST /e?\nabc")
      try client.send("GET /f HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.answer().body == "GET /f?\n")
    }
  }

  @Test func `no 100 when the body comes with the head`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send(head + "abc" + head + "a")
      #expect(try client.answer().status == 200)
      try client.send("bc")
      #expect(try client.answer().body == "POST /e?\nabc")
    }
  }

  @Test func `no 100 for a body that is too large, missing or of HTTP 1 0`() throws {
    try TestServer.run { server in
      let large = try TestClient(server)
      try large.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n")
      #expect(try large.answer().status == 413)
      let empty = try TestClient(server)
      try empty.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n")
      #expect(try empty.answer().status == 200)
      let old = try TestClient(server)
      try old.send("POST /e HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
      server.onLoop {}
      try old.send("x")
      #expect(try old.answer().status == 200)
    }
  }

  @Test func `100 waits for the answers before it`() throws {
    try TestServer.runHolding { server in
      let client = try TestClient(server)
      try client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n" + head)
      server.onLoop {}
      #expect(client.dataSegments() == 0)
      server.onLoop { server.held[0].respond(HTTPResponse(status: 204)) }
      #expect(try client.answer().status == 204)
      #expect(try client.answer().status == 100)
    }
  }
}
