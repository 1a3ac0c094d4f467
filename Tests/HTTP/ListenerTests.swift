import Dispatch
import EventLoop
import Glibc
import Synchronization
import Testing

@testable import HTTP

@Suite struct ListenerTests {
  @Test(arguments: [
    ("127.0.0.1:80", "127.0.0.1:80", true), ("[::1]:8080", "[::1]:8080", true),
    ("localhost:0", "127.0.0.1:0", true), ("0.0.0.0:1", "0.0.0.0:1", false), ("[::]:1", "[::]:1", false),
    ("[2001:db8::1]:65535", "[2001:db8::1]:65535", false), ("127.9.9.9:1", "127.9.9.9:1", true),
  ]) func `an address is read and written`(_ text: String, _ description: String, _ isLoopback: Bool) throws {
    let address = try #require(ListenAddress(text))
    #expect(address.description == description)
    #expect(address.isLoopback == isLoopback)
  }

  @Test(arguments: [
    "", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80",
    "[::1]", "[::1:80", "[127.0.0.1]:80", "example.org:80", "127.0.0.1:+8", "1.2.3:4", "127.0.0.1:8 ",
  ])
  func `what is no address is refused`(_ text: String) { #expect(ListenAddress(text) == nil) }

  @Test func `several loops share the port that the first one got`() throws {
    let handler = try TestServer()
    defer { handler.stop() }
    let second = try TestSecondListener(handler.listener.address)
    defer { second.stop() }
    #expect(second.listener.address == handler.listener.address)
    #expect(second.listener.address.port != 0)
  }

  @Test func `a port in use is found before it is shared`() throws {
    try TestServer.run { server in
      server.onLoop {}
      let failure = #expect(throws: SystemError.self) { try server.listener.address.ensureFree() }
      #expect(failure?.description == "bind: Address already in use")
    }
    try ListenAddress("127.0.0.1:0")!.ensureFree()
    try ListenAddress("[::1]:0")!.ensureFree()
  }

  @Test func `a port with connections of an earlier server is free`() throws {
    var address: ListenAddress?
    var client: TestClient?
    try TestServer.run { server in
      address = server.listener.address
      client = try TestClient(server)
      try client!.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      #expect(try client!.answer().status == 200)
    }
    try address!.ensureFree()
    withExtendedLifetime(client) {}
  }

  @Test func `nobody is accepted before the listener starts`() throws {
    let loop = try EventLoop(index: 0)
    let handler = try TestServer()
    defer { handler.stop() }
    let bound = try HTTPListener(
      loop: loop, address: ListenAddress("127.0.0.1:0")!, limits: HTTPLimits(),
      budget: ConnectionBudget(cap: 1),
      handler: handler)
    handler.onLoop {}
    #expect(TestSecondListener.canConnect(bound.address) == false)
    #expect(TestSecondListener.canConnect(handler.listener.address) == true)
  }

  @Test func `a connection over the cap gets 503 and the next one is taken when there is room`() throws {
    try TestServer.run(cap: 2) { server in
      var clients = [try TestClient(server), try TestClient(server)]
      server.onLoop {}
      let refused = try TestClient(server)
      try refused.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      let answer = try refused.answer()
      #expect(answer.status == 503)
      #expect(answer.body.hasPrefix("too_many_connections"))
      #expect(try refused.isClosed())
      #expect(server.budget.open == 2)
      #expect(server.budget.refused == 1)
      clients.removeLast()
      while server.budget.open == 2 { server.onLoop {} }
      let next = try TestClient(server)
      try next.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try next.answer().status == 200)
      #expect(server.budget.accepted == 3)
    }
  }

  @Test func `a system without descriptors is not asked again and again`() throws {
    try TestServer.run { server in
      nonisolated(unsafe) var calls = 0
      nonisolated(unsafe) var isOut = true
      server.onLoop {
        let accept = server.listener.acceptCall
        server.listener.acceptCall = { descriptor in
          calls += 1
          guard isOut else { return accept(descriptor) }
          errno = EMFILE
          return -1
        }
      }
      let client = try TestClient(server)
      try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      while server.onLoop({ calls }) == 0 {}
      // Hundreds of ticks; level-triggered, each of them would ask.
      for _ in 0..<500 { server.onLoop {} }
      #expect(server.onLoop { calls } < 20)
      #expect(server.budget.failed > 0)
      server.onLoop { isOut = false }
      #expect(try client.answer().status == 200)
    }
  }

  @Test func `of the accepts that fail one after the other the first one is told`() {
    let told = Atomic<Int>(0)
    let budget = ConnectionBudget(cap: 1) { _ in told.add(1, ordering: .relaxed) }
    let second: UInt64 = 1_000_000_000
    for moment in [1000, 1001, 1059, 1100] {
      budget.acceptFailed(SystemError("accept", errno: EMFILE), at: UInt64(moment) * second)
    }
    #expect(told.load(ordering: .relaxed) == 1)
    budget.acceptFailed(SystemError("accept", errno: EMFILE), at: 1161 * second)
    #expect(told.load(ordering: .relaxed) == 2)
    #expect(budget.failed == 5)
  }

  @Test func `an idle connection holds no buffers`() throws {
    try TestServer.run { server in
      let client = try TestClient(server)
      try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
      server.onLoop {}
      try client.send([UInt8](repeating: 65, count: 100_000))
      _ = try client.answer()
      server.onLoop {
        let connection = server.listener.connections[0]
        #expect(connection.input.base == nil)
        #expect(connection.output == nil)
        #expect(connection.isIdle)
      }
    }
  }
}

/// A further listener on a loop of its own that refuses everything.
final class TestSecondListener: HTTPHandler, @unchecked Sendable {
  let loop: EventLoop
  private(set) var listener: HTTPListener!

  init(_ address: ListenAddress) throws {
    loop = try EventLoop(index: 1)
    listener = try HTTPListener(
      loop: loop, address: address, limits: HTTPLimits(), budget: ConnectionBudget(cap: 1), handler: self)
    loop.post { try! self.listener.start() }
    loop.start(named: "second")
  }

  func handle(_ request: borrowing HTTPRequest, _ exchange: HTTPExchange) {
    exchange.respond(HTTPResponse(status: 200))
  }

  func refusalBody(_ refusal: HTTPRefusal) -> HTTPResponse { HTTPResponse(status: refusal.status) }

  func stop() {
    loop.post { self.listener.closeAll() }
    loop.stop()
    loop.join()
    listener = nil
  }

  static func canConnect(_ address: ListenAddress) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var inet = sockaddr_in()
    inet.sin_family = sa_family_t(AF_INET)
    inet.sin_port = address.port.bigEndian
    inet.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: inet) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    } == 0
  }
}
