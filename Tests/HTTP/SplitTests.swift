import Testing

@testable import HTTP

@Suite struct SplitTests {
  static let stream =
    "\r\nGET /first?x=1 HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Next: a b\t\r\n\r\n"
    + "POST /body HTTP/1.1\r\nhost:h\r\nContent-Length: 11\r\n\r\nhello world"
    + "PUT http://h/abs HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    + "4;e=\"1\"\r\nwiki\r\n5\r\npedia\r\n0\r\nTrailer: t\r\n\r\n"
    + "DELETE /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

  @Test func `a stream split at any byte holds the same requests`() throws {
    try TestServer.run { server in
      let bytes = Array(Self.stream.utf8)
      for split in 0...bytes.count {
        let client = try TestClient(server)
        try client.send(bytes[..<split])
        server.onLoop {}
        try client.send(bytes[split...])
        try expectAll(client)
      }
    }
  }

  @Test func `a stream in pieces of any size holds the same requests`() throws {
    try TestServer.run { server in
      let bytes = Array(Self.stream.utf8)
      for size in [1, 2, 3, 5, 7, 16, 61] {
        let client = try TestClient(server)
        for start in stride(from: 0, to: bytes.count, by: size) {
          try client.send(bytes[start..<min(start + size, bytes.count)])
          server.onLoop {}
        }
        try expectAll(client)
      }
    }
  }

  @Test func `streams of random requests in random pieces hold the same requests`() throws {
    var random = SeededRandom(seed: 11)
    try TestServer.run { server in
      for _ in 0..<40 {
        var wire: [UInt8] = []
        var expected: [String] = []
        for _ in 0..<Int.random(in: 1...60, using: &random) { Self.add(to: &wire, &expected, &random) }
        let client = try TestClient(server)
        var start = 0
        while start < wire.count {
          let end = min(wire.count, start + Int.random(in: 1...9000, using: &random))
          try client.send(wire[start..<end])
          server.onLoop {}
          start = end
        }
        for body in expected { #expect(try client.answer().body == body) }
      }
    }
  }

  private static func add(to wire: inout [UInt8], _ expected: inout [String], _ random: inout SeededRandom) {
    let number = Int.random(in: 0...999, using: &random)
    let size = Int.random(in: 0...3000, using: &random)
    let body = String(repeating: "\(number)-", count: size / 4)
    switch Int.random(in: 0...2, using: &random) {
    case 0:
      wire += Array("GET /\(number) HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
      expected.append("GET /\(number)?\n")
    case 1:
      wire += Array(
        "POST /\(number) HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
      expected.append("POST /\(number)?\n\(body)")
    default:
      wire += Array("PUT /\(number) HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
      var rest = Substring(body)
      while !rest.isEmpty {
        let chunk = rest.prefix(Int.random(in: 1...500, using: &random))
        wire += Array("\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n".utf8)
        rest = rest.dropFirst(chunk.count)
      }
      wire += Array("0\r\n\r\n".utf8)
      expected.append("PUT /\(number)?\n\(body)")
    }
  }

  private func expectAll(_ client: TestClient) throws {
    #expect(try client.answer().body == "GET /first?x=1\n")
    #expect(try client.answer().body == "POST /body?\nhello world")
    #expect(try client.answer().body == "PUT /abs?\nwikipedia")
    #expect(try client.answer().body == "DELETE /last?\n")
    #expect(try client.isClosed())
  }
}

/// SplitMix64: the same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
