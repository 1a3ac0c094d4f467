import ContextModel
import JSON
import LiaisonKit
import Testing

@testable import LiaisonTesting

/// Requests that are pipelined on one connection, through a stage that waits for some of them.
@Suite(.timeLimit(.minutes(1))) struct OrderTests {
  /// Waits for calls with a header, and answers some of them itself.
  struct Waits: Plugin, Middleware {
    static let name = "waits"

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {}

    func handle(_ call: Call, next: Next) async throws -> Reply {
      if call.headers["x-wait"] != nil { for _ in 0..<20 { await Task.yield() } }
      if call.headers["x-closed"] != nil { return Reply(status: 503) }
      return try await next(call)
    }
  }

  /// The statuses of requests that are sent in one write.
  private func statuses(_ client: TestClient, _ requests: [(line: String, header: String)]) throws -> [Int] {
    let address = try ServerAddress(#require(client.address))
    let text = requests.enumerated().map { index, request in
      let isLast = index == requests.count - 1
      return "\(request.line) HTTP/1.1\r\nHost: h\r\n\(isLast ? "Connection: close\r\n" : "")"
        + "\(request.header)Content-Length: 2\r\n\r\n{}"
    }
    let answer = try ClientConnection(to: address).exchange(Array(text.joined().utf8))
    return String(decoding: answer, as: UTF8.self).split(separator: "HTTP/1.1 ").compactMap {
      Int($0.prefix(3))
    }
  }

  @Test func `a write for which a stage waits is not overtaken by those behind it on its connection`()
    async throws
  {
    try await TestedServer(plugins: [Waits.self]).test(.live) { client in
      let service = try await client.startService()
      func associate(_ customer: String, _ header: String = "") -> (line: String, header: String) {
        ("POST /customers/\(customer)/services/\(service)", header)
      }
      let wait = "X-Wait: 1\r\n"
      let first = try statuses(
        client, [associate("anna", wait), associate("bert"), associate("carl", wait), associate("dora")])
      #expect(first == [200, 200, 200, 200])
      // What is answered by the stage, or done by a task, holds nothing up for good.
      let second = try statuses(
        client,
        [
          associate("none", wait + "X-Closed: 1\r\n"), ("POST /services/\(service)/states/start", wait),
          ("POST /services/\(service)/end", ""), associate("emil", wait), associate("fred"),
          ("GET /services/\(service)", wait), associate("gus"),
        ])
      #expect(second == [503, 201, 200, 200, 200, 200, 200])
      let shown = try await client.get("/services/\(service)/associations")
      let customers = try shown.json.elements.compactMap { $0["customer_id"]?.string }
      #expect(customers == ["gus", "fred", "emil", "dora", "carl", "bert", "anna"])
    }
  }
}
