import ContextModel
import Foundation
import JSON
import LiaisonKit
import LiaisonTesting
import Testing

/// What stages change in calls reaches the pipeline's end.
@Suite(.timeLimit(.minutes(1))) struct StageChangeTests {
  /// Gives every call's customer another name, and lets an import make no profile of Mallory.
  struct Renames: Plugin, ImmediateMiddleware {
    static let name = "renames"
    let context: PluginContext

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      self.context = context
    }

    /// A file to import.
    func start() async throws {
      let folder = context.path("data/imports")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (file, column) in [("plain.csv", "FirstName"), ("free.csv", "Phone.number")] {
        let text = "customer_id,\(column)\nA1,Ada\nA2,Mallory\n"
        try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
      }
    }

    func admit(_ call: Call) throws -> Bool {
      call.customerID = call.customerID.map { "\($0)-renamed" }
      call.checkProfiles { body throws(ContextError) in
        guard body.customerID != "A2" else { throw .badField("customer_id", code: "closed", message: "No.") }
      }
      return true
    }
  }

  @Test func `a start and an association take the customer of the call`() async throws {
    try await TestedServer(plugins: [Renames.self]).test(.pipeline) { client in
      let started = try await client.post("/services/start", #"{"customer_id":"anna","contact_key":"k"}"#)
      let service = try #require(try started.json["service_id"]?.int64)
      let shown = try await client.get("/services/\(service)")
      #expect(try shown.json["customer_id"]?.string == "anna-renamed")
      _ = try await client.post("/customers/bert/services/\(service)")
      let associated = try await client.get("/services/\(service)")
      #expect(try associated.json["customer_id"]?.string == "bert-renamed")
    }
  }

  @Test(arguments: [("on", "plain.csv"), ("off", "free.csv")])
  func `an import asks the checks of all stages, and needs schemas only where they are on`(
    schemas: String, file: String
  ) async throws {
    let configuration = #"{ plugins: { "extension-schemas": { schemas: "\#(schemas)" } } }"#
    let server = TestedServer(plugins: [Renames.self], configuration: configuration)
    try await server.test(.pipeline) { client in
      let begun = try await client.post(
        "/profiles/import", #"{"profiles":"\#(file)","max-errors":10}"#)
      #expect(begun.status == 202, "\(begun)")
      var state = try await client.get("/profiles/import")
      while try state.json["state"]?.string == "running" { state = try await client.get("/profiles/import") }
      #expect(try state.json["state"]?.string == "done", "\(state)")
      #expect(try state.json["created"]?.int64 == 1 && state.json["errors"]?.int64 == 1, "\(state)")
    }
  }

  @Test func `with schemas on an import refuses a column without one`() async throws {
    try await TestedServer(plugins: [Renames.self]).test(.pipeline) { client in
      let refused = try await client.post("/profiles/import", #"{"profiles":"free.csv"}"#)
      #expect(try refused.status == 400 && refused.json["code"]?.string == "unknown_extension")
    }
  }
}
