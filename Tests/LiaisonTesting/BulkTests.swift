import ContextModel
import JSON
import LiaisonKit
import LiaisonTesting
import Testing

extension CallKey where Value == String {
  fileprivate static let origin = CallKey("closed.origin")
}

/// Bulk requests through stages that answer calls themselves.
@Suite struct BulkTests {
  /// Answers in place of the pipeline's end what headers tell it to, and shows on items what it has left on their request.
  struct Closed: Plugin, Middleware {
    static let name = "closed"

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {}

    func handle(_ call: Call, next: Next) async throws -> Reply {
      if call.operation.rawValue == call.headers["x-closed"] {
        return Reply(status: 503, content: .json(Array(#"{"code":"closed","message":"No."}"#.utf8)))
      }
      if call.operation.rawValue == call.headers["x-silent"] { return Reply(status: 204) }
      if call.operation == .associateServices { call[.origin] = call.headers["x-origin"] }
      if call.operation == .associateService, let origin = call[.origin] { call.customerID = origin }
      return try await next(call)
    }
  }

  /// Marks the replies to everything, and to items another way.
  struct Stamp: Plugin, Middleware {
    static let name = "stamp"

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {}

    func handle(_ call: Call, next: Next) async throws -> Reply {
      var reply = try await next(call)
      reply.headers.append(ReplyHeader("X-\(call.operation.rawValue)", "Lisbon"))
      return reply
    }
  }

  @Test(arguments: [
    ("[]", 200, false), (#"[{"customer_id":"anna","service_id":1},{"bad":1}]"#, 200, false),
    ("[{", 200, false),
    ("nonsense", 400, false),
    ("[" + Array(repeating: "{}", count: 2000).joined(separator: ",") + "]", 200, true),
  ])
  func `headers that a stage adds to the reply to a bulk request stand on its answer, those of items do not`(
    body: String, status: Int, isStreamed: Bool
  ) async throws {
    try await TestedServer(plugins: [Stamp.self]).test(.pipeline) { client in
      let reply = try await client.post("/associations", body)
      #expect(reply.status == status && (reply.headers["transfer-encoding"] != nil) == isStreamed)
      #expect(reply.headers["X-associate-services"] == "Lisbon")
      #expect(reply.headers["X-associate-service"] == nil)
    }
  }

  private let server = TestedServer(plugins: [Closed.self])

  /// The answer to a bulk request with two items, and whether one of them was stored.
  private func answer(_ headers: [String: String]) async throws -> (reply: TestReply, customer: String?) {
    try await server.test(.pipeline) { client in
      let service = try await client.startService()
      let item = #"{"customer_id":"anna","service_id":\#(service)}"#
      let reply = try await client.post("/associations", "[\(item),\(item)]", headers: headers)
      return (reply, try await client.get("/services/\(service)").json["customer_id"]?.string)
    }
  }

  @Test(arguments: [("X-Closed", 503), ("X-Silent", 204)])
  func `a stage that answers a bulk request itself lets no item pass`(header: String, status: Int)
    async throws
  {
    let (reply, customer) = try await answer([header: "associate-services"])
    #expect(reply.status == status && customer == nil)
    if status == 503 { #expect(try reply.json["code"]?.string == "closed") }
  }

  @Test func `what a stage answers to an item is the item's result`() async throws {
    let closed = try await answer(["X-Closed": "associate-service"])
    #expect(closed.reply.status == 200 && closed.customer == nil)
    let result = #"{"status":503,"code":"closed","message":"No."}"#
    #expect(closed.reply.text == "[\(result),\(result)]")
    let silent = try await answer(["X-Silent": "associate-service"])
    #expect(silent.reply.text == #"[{"status":204},{"status":204}]"# && silent.customer == nil)
  }

  @Test func `the metric of an item tells what it was answered`() async throws {
    try await server.test(.pipeline) { client in
      let items = #"[{"customer_id":"anna","service_id":1}]"#
      _ = try await client.post("/associations", items, headers: ["X-Closed": "associate-service"])
      let metric = #"liaison_requests_total{operation="associate-service",status="503"}"#
      #expect(try await client.metric(metric) == 1)
    }
  }

  @Test func `what a stage leaves on a bulk request is on its items`() async throws {
    let (reply, customer) = try await answer(["X-Origin": "berta"])
    #expect(reply.text == #"[{"status":200},{"status":200}]"# && customer == "berta")
  }
}
