import CustomerAllowList
import LiaisonTesting
import Testing

@Suite struct CustomerAllowListTests {
  let server = TestedServer(
    plugins: [CustomerAllowList.self],
    configuration: """
      { plugins: { "customer-allow-list": { always: ["tester"] } } }
      """)

  @Test(arguments: [TestedServer.Way.pipeline, .live])
  func `only customers with a profile get services`(way: TestedServer.Way) async throws {
    try await server.test(way) { client in
      let service = try await client.startService()
      func associate(_ customer: String) async throws -> TestReply {
        try await client.post("/customers/\(customer)/services/\(service)", "{}")
      }
      let refused = try await associate("stranger")
      #expect(refused.status == 403)
      #expect(try refused.json["code"]?.string == "unknown_customer")
      #expect(try await client.get("/services/\(service)").json["customer_id"] == nil)
      #expect(try await associate("tester").status == 200)
      #expect(try await client.post("/profiles", #"{ "customer_id": "stranger" }"#).status == 201)
      #expect(try await associate("stranger").status == 200)
      #expect(try await client.metric("liaison_customer_allow_list_refused_total") == 1)
    }
  }
}
