import Testing

@testable import HTTP

@Suite struct GarbageTests {
  @Test func `random and mutated input never crashes or hangs the server`() throws {
    var random = SeededRandom(seed: 7)
    let seeds =
      [
        SplitTests.stream,
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
      ]
      .map { Array($0.utf8) }
    try TestServer.run { server in
      for round in 0..<600 {
        var wire: [UInt8]
        if round % 4 == 0 {
          wire = (0..<Int.random(in: 1...600, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
          }
        } else {
          wire = seeds.randomElement(using: &random)!
          for _ in 0..<Int.random(in: 1...6, using: &random) { Self.mutate(&wire, &random) }
        }
        let client = try TestClient(server)
        let split = Int.random(in: 0...wire.count, using: &random)
        do {
          try client.send(wire[..<split])
          if round % 2 == 0 { server.onLoop {} }
          try client.send(wire[split...])
        } catch {
          // The server may have refused and closed before all was sent.
        }
        client.endSending()
        _ = try? client.everything()
      }
      let client = try TestClient(server)
      try client.send("GET /alive HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.answer().body == "GET /alive?\n")
    }
  }

  private static func mutate(_ wire: inout [UInt8], _ random: inout SeededRandom) {
    guard !wire.isEmpty else { return }
    let place = Int.random(in: 0..<wire.count, using: &random)
    switch Int.random(in: 0...3, using: &random) {
    case 0: wire[place] = UInt8.random(in: 0...255, using: &random)
    case 1: wire.remove(at: place)
    case 2: wire.insert(contentsOf: wire[place..<min(wire.count, place + 30)], at: place)
    default: wire.removeSubrange(place..<min(wire.count, place + 20))
    }
  }
}
