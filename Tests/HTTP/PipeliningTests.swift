import EventLoop
import Testing

@testable import HTTP

@Suite struct PipeliningTests {
  static func requests(_ numbers: Range<Int>) -> String {
    numbers.map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
  }

  static func answer(_ server: TestServer, _ order: [Int]) {
    server.onLoop {
      for index in order {
        server.held[index].respond(HTTPResponse(status: 200, body: Array("\(index)".utf8)))
      }
    }
  }

  @Test func `answers leave in order and in one write when the handler answers out of order`() throws {
    try TestServer.runHolding { server in
      let client = try TestClient(server)
      try client.send(Self.requests(0..<40))
      #expect(server.onLoop { server.held.count } == 40)
      Self.answer(server, Array(0..<40).reversed())
      for index in 0..<40 { #expect(try client.answer().body == "\(index)") }
      #expect(client.dataSegments() == 1)
    }
  }

  @Test func `answers that come in several ticks wait for the ones before them`() throws {
    try TestServer.runHolding { server in
      let client = try TestClient(server)
      try client.send(Self.requests(0..<20))
      server.onLoop {}
      Self.answer(server, [3, 1, 19, 2])
      #expect(client.dataSegments() == 0)
      Self.answer(server, [0])
      for index in 0..<4 { #expect(try client.answer().body == "\(index)") }
      #expect(client.dataSegments() == 1)
      Self.answer(server, Array(4..<19).shuffled())
      for index in 4..<20 { #expect(try client.answer().body == "\(index)") }
    }
  }

  @Test func `no more than the limit is in flight, and reading goes on when answers leave`() throws {
    var limits = HTTPLimits()
    limits.maxPipelined = 8
    try TestServer.runHolding(limits: limits) { server in
      let client = try TestClient(server)
      try client.send(Self.requests(0..<100))
      #expect(server.onLoop { server.held.count } == 8)
      // More than one buffer's worth, so that what is not parsed lies in the kernel too.
      var answered = 0
      while answered < 100 {
        let there = server.onLoop { server.held.count }
        #expect(there - answered <= 8)
        #expect(there > answered)
        Self.answer(server, Array(answered..<there).reversed())
        for index in answered..<there { #expect(try client.answer().body == "\(index)") }
        answered = there
        server.onLoop {}
      }
    }
  }

  @Test func `a read waits for the writes before it and a write for the reads, each kind goes together`()
    throws
  {
    try TestServer.runHolding { server in
      let client = try TestClient(server)
      let kinds = ["POST", "POST", "GET", "HEAD", "GET", "POST", "GET"]
      let requests = kinds.enumerated().map { index, method in
        "\(method) /\(index) HTTP/1.1\r\nHost: h\r\n"
          + (method == "POST" ? "Content-Length: 4\r\n\r\nbody" : "\r\n")
      }
      try client.send(requests.joined())
      var answered = 0
      for together in [2, 3, 1, 1] {
        #expect(server.onLoop { server.held.count } == answered + together)
        Self.answer(server, Array(answered..<answered + together).reversed())
        for index in answered..<answered + together {
          let isHead = kinds[index] == "HEAD"
          #expect(try client.answer(toHead: isHead).body == (isHead ? "" : "\(index)"))
        }
        answered += together
        server.onLoop {}
      }
    }
  }

  @Test func `a write that stands alone waits for those before it, and those behind it wait for it`() throws {
    try TestServer.runHolding(standsAlone: { $0.starts(with: "/alone".utf8) }) { server in
      let client = try TestClient(server)
      let paths = ["/0", "/1", "/alone", "/3", "/4", "/alone", "/alone", "/7"]
      try client.send(
        paths.map { "POST \($0) HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody" }.joined())
      var answered = 0
      for together in [2, 1, 2, 1, 1, 1] {
        #expect(server.onLoop { server.held.count } == answered + together)
        Self.answer(server, Array(answered..<answered + together).reversed())
        for index in answered..<answered + together { #expect(try client.answer().body == "\(index)") }
        answered += together
        server.onLoop {}
      }
    }
  }

  @Test
  func `requests behind one that holds them back have their turns once it lets them follow or is answered`()
    throws
  {
    try TestServer.runHolding(
      standsAlone: { $0.starts(with: "/alone".utf8) }, holdsFollowing: { $0.starts(with: "/hold".utf8) }
    ) { server in
      let client = try TestClient(server)
      let paths = ["/hold", "/1", "/hold", "/alone", "/hold", "/5"]
      try client.send(
        paths.map { "DELETE \($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined() + Self.requests(6..<7))
      func letFollow(_ index: Int) { server.onLoop { server.held[index].letFollow() } }
      func expectHandled(_ count: Int) { #expect(server.onLoop { server.held.count } == count) }
      expectHandled(1)
      letFollow(0)
      expectHandled(3)
      // Has no say any more.
      letFollow(0)
      letFollow(2)
      // What stands alone waits for the answers.
      expectHandled(3)
      Self.answer(server, [2, 1, 0])
      expectHandled(4)
      Self.answer(server, [3])
      expectHandled(5)
      // Is answered without having let others follow.
      Self.answer(server, [4])
      expectHandled(6)
      Self.answer(server, [5])
      expectHandled(7)
      Self.answer(server, [6])
      for index in 0..<7 { #expect(try client.answer().body == "\(index)") }
    }
  }

  @Test func `nothing follows an answer that lasts until the connection closes`() throws {
    try TestServer.run(
      handle: { request, exchange in
        guard request.path.elementsEqual("/stream".utf8) else {
          return TestServer.describe(request, exchange)
        }
        exchange.begin(HTTPResponse(status: 200))
        EventLoop.current!.runTask {
          _ = await exchange.send(Array("whole".utf8))
          // The requests behind it are handled meanwhile.
          await Task.yield()
          await exchange.end()
        }
      }
    ) { server in
      let client = try TestClient(server)
      let paths = ["/stream", "/2", "/stream"]
      try client.send(
        paths.map { "GET \($0) HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" }.joined())
      let text = String(decoding: try client.everything(), as: UTF8.self)
      #expect(text.hasSuffix("\r\n\r\nwhole") && text.split(separator: "HTTP/1.1 200").count == 1)
    }
  }

  @Test func `an answered request holds nothing back`() throws {
    try TestServer.run(
      handle: { request, exchange in
        TestServer.describe(request, exchange)
        #expect(!exchange.holdFollowing())
      }
    ) { server in
      let client = try TestClient(server)
      try client.send("DELETE /0 HTTP/1.1\r\nHost: h\r\n\r\nDELETE /1 HTTP/1.1\r\nHost: h\r\n\r\n")
      for index in 0..<2 { #expect(try client.answer().body == "DELETE /\(index)?\n") }
    }
  }

  @Test func `the last request may stand alone behind others, and the connection closes after its answer`()
    throws
  {
    try TestServer.runHolding(standsAlone: { $0.starts(with: "/alone".utf8) }) { server in
      let client = try TestClient(server)
      try client.send(
        "DELETE /0 HTTP/1.1\r\nHost: h\r\n\r\nDELETE /alone HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      #expect(server.onLoop { server.held.count } == 1)
      Self.answer(server, [0])
      #expect(try client.answer().body == "0")
      #expect(server.onLoop { server.held.count } == 2)
      Self.answer(server, [1])
      #expect(try client.answer().body == "1")
      #expect(try client.isClosed())
    }
  }

  @Test func `a dropped exchange closes the connection instead of shifting the answers`() throws {
    try TestServer.runHolding { server in
      let client = try TestClient(server)
      try client.send(Self.requests(0..<3))
      server.onLoop {}
      server.onLoop {
        server.held[0].respond(HTTPResponse(status: 200, body: Array("0".utf8)))
        server.held[2].respond(HTTPResponse(status: 200, body: Array("2".utf8)))
        server.held.remove(at: 1)
      }
      #expect(try client.answer().body == "0")
      #expect(try client.isClosed())
    }
  }

  @Test func `an answer after the client has gone is ignored`() throws {
    try TestServer.runHolding { server in
      do {
        let client = try TestClient(server)
        try client.send(Self.requests(0..<2))
        server.onLoop {}
      }
      server.onLoop {}
      Self.answer(server, [1, 0])
      Self.answer(server, [])
      let next = try TestClient(server)
      try next.send(Self.requests(2..<3))
      server.onLoop {}
      Self.answer(server, [2])
      #expect(try next.answer().body == "2")
    }
  }

  @Test func `a client that does not read is not read either, and loses nothing`() throws {
    var limits = HTTPLimits()
    limits.maxUnsent = 65_536
    let body = [UInt8](repeating: 97, count: 32_768)
    try TestServer.run(
      limits: limits,
      handle: { _, exchange in
        exchange.respond(HTTPResponse(status: 200, body: body))
      }
    ) { server in
      let client = try TestClient(server, receiveBuffer: 16_384)
      let count = 600
      try client.send(Self.requests(0..<count))
      server.onLoop {}
      // Far from all: the kernel's buffers and 64 KiB of ours are full.
      #expect(server.onLoop { server.handled } < count)
      for _ in 0..<count { #expect(try client.answer().body.utf8.count == body.count) }
      #expect(server.onLoop { server.handled } == count)
    }
  }
}
