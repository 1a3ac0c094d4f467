import ContextModel
import LiaisonKit
import LiaisonTesting
import Testing

@Suite struct TestedServerTests {
  /// Marks answers, and refuses what asks for it.
  struct Marker: Plugin, Middleware {
    static let name = "marker"
    let text: String
    let calls: Counter

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      text = try configuration.string("text") ?? "none"
      calls = context.metrics.counter("liaison_marker_calls_total", help: "Calls.")
    }

    func handle(_ call: Call, next: Next) async throws -> Reply {
      calls.add()
      if call.headers["x-refuse"] != nil { throw ContextError(status: 403, code: "no", message: "No.") }
      var reply = try await next(call)
      reply.headers.append(ReplyHeader("X-Mark", text))
      return reply
    }
  }

  private let server = TestedServer(
    plugins: [Marker.self], configuration: #"{ plugins: { marker: { text: "here" } } }"#)

  /// The same closure for every way.
  private func associates(_ client: TestClient) async throws {
    let service = try await client.startService()
    let associated = try await client.post("/customers/anna/services/\(service)", #"{ "resource_id": 7 }"#)
    #expect(associated.status == 200)
    #expect(associated.headers["x-mark"] == "here")
    let shown = try await client.get("/services/\(service)")
    #expect(try shown.json["customer_id"]?.string == "anna")
    #expect(Array(try await client.get("/customers/anna/services/active").json.elements).count == 1)
    let refused = try await client.delete("/services/\(service)", headers: ["X-Refuse": "1"])
    #expect(refused.status == 403)
    #expect(try refused.json["code"]?.string == "no")
    #expect(try await client.metric("liaison_marker_calls_total") == 5)
  }

  @Test func `calls go through a real pipeline without a port`() async throws {
    try await server.test(.pipeline, associates)
  }

  @Test func `the same closure runs against a live server`() async throws {
    try await server.test(.live, associates)
  }

  @Test func `a server that runs already is reached by its address`() async throws {
    try await server.test(.live) { client in
      _ = try await client.startService(contactKey: "first")
      let address = try #require(client.address)
      let found = try await server.test(.at(address)) { try await $0.get("/services/anonymous/first") }
      #expect(Array(try found.json.elements).count == 1)
    }
  }

  @Test func `every test has an empty store of its own`() async throws {
    for _ in 0..<2 {
      let first = try await server.test(.pipeline) { try await $0.startService() }
      #expect(first == 1)
    }
  }

  @Test func `calls run side by side`() async throws {
    try await server.test(.pipeline) { client in
      let ids = try await withThrowingTaskGroup(of: Int64.self) { group in
        for number in 0..<20 { group.addTask { try await client.startService(contactKey: "k\(number)") } }
        return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
      }
      #expect(ids.count == 20)
    }
  }

  @Test func `bodies in chunks are joined`() async throws {
    try await server.test(.pipeline) { client in
      for _ in 0..<3 { _ = try await client.startService() }
      let exported = try await client.get("/maintenance/services/stream?time_from=2000-01-01T00:00:00Z")
      #expect(Array(try exported.json.elements).count == 3)
      #expect(try await client.call("HEAD", "/services/1").body.isEmpty)
    }
  }

  @Test func `a bad setting is the error of the test`() async throws {
    let bad = TestedServer(plugins: [Marker.self], configuration: "{ plugins: { marker: { txet: 1 } } }")
    let error = await #expect(throws: ConfigurationError.self) { try await bad.test(.pipeline) { _ in } }
    #expect(error?.key == "plugins.marker.txet")
  }

  @Test func `an address at which nobody answers is said to be one`() async throws {
    let error = await #expect(throws: TestClientError.self) {
      try await server.test(.at("http://127.0.0.1:1")) { _ = try await $0.get("/health") }
    }
    #expect(error?.description == "cannot connect to 127.0.0.1:1: Connection refused")
  }
}
