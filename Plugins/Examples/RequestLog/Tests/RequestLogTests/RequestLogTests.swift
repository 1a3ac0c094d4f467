import Foundation
import JSON
import LiaisonTesting
import RequestLog
import Testing

@Suite struct RequestLogTests {
  @Test(arguments: [TestedServer.Way.pipeline, .live])
  func `every call has a line with its answer`(way: TestedServer.Way) async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).log")
    defer { try? FileManager.default.removeItem(at: file) }
    let server = TestedServer(
      plugins: [RequestLog.self],
      configuration: """
        { plugins: { "request-log": { file: "\(file.path)", skip: ["server-status"] } } }
        """)
    let request = try await server.test(way) { client in
      #expect(try await client.get("/server/status").status == 200)
      let service = try await client.startService()
      return try await client.post("/customers/C7/services/\(service)", "{}").headers["X-Request-Id"]
    }
    // The end of the server has written everything.
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try JSONParser().parse(Array($0.utf8)).root
    }
    #expect(lines.map { $0["operation"]?.string } == ["start-service", "associate-service"])
    #expect(lines.map { $0["status"]?.int64 } == [201, 200])
    #expect(lines.last?["request"]?.string == request)
    #expect(lines.allSatisfy { $0["customer_id"] == nil })
  }
}
