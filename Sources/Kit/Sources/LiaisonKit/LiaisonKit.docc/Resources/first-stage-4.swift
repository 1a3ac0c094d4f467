import ClosedCustomers
import LiaisonTesting
import Testing

@Suite struct ClosedCustomersTests {
  let server = TestedServer(
    plugins: [ClosedCustomers.self],
    configuration: #"{ plugins: { "closed-customers": { customers: ["anna"] } } }"#)

  @Test func aClosedCustomerGetsNoServices() async throws {
    try await server.test(.pipeline) { client in
      let service = try await client.startService()
      let refused = try await client.post("/customers/anna/services/\(service)")
      #expect(refused.status == 403)
      #expect(try refused.json["code"]?.string == "customer_closed")
      #expect(try await client.metric("liaison_closed_customers_refused_total") == 1)

      #expect(try await client.post("/customers/bert/services/\(service)").status == 200)
    }
  }
}
