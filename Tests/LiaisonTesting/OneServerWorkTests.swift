import ContextModel
import LiaisonKit
import LiaisonTesting
import Synchronization
import Testing

/// What one server at a time does, on a server that is alone on its store.
@Suite(.timeLimit(.minutes(1))) struct OneServerWorkTests {
  /// What the bodies have done, in their order.
  static let log = Mutex<[String]>([])
  static func note(_ line: String) { log.withLock { $0.append(line) } }

  /// Has work that lasts until the server's end, and some that ends.
  struct Worker: Plugin, ImmediateMiddleware {
    static let name = "worker"
    let context: PluginContext

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      self.context = context
    }

    func start() async throws {
      context.background.runOnOneServer("short") {
        note("one")
        throw ContextError.internalError("it fails")
      }
      context.background.runOnOneServer("short") { note("two") }
      context.background.runOnOneServer("long") { [context] in
        note("begins")
        _ = try await context.feed.begin()
        try? await Task.sleep(for: .seconds(600))
        note("is cancelled: \(Task.isCancelled)")
      }
    }

    func admit(_ call: Call) throws -> Bool { true }
  }

  @Test func `it begins at once, takes turns, and is cancelled at the end`() async throws {
    try await TestedServer(plugins: [Worker.self], configuration: #"{ log: { level: "error" } }"#).test(
      .pipeline
    ) {
      client in
      while Set(["one", "two", "begins"]) != Set(Self.log.withLock { $0 }) { await Task.yield() }
      var metrics = ""
      while !metrics.contains("liaison_worker_on_duty{work=\"short\"} 0\n")
        || !metrics.contains("liaison_worker_changes_behind ")
      {
        metrics = try await client.get("/metrics").text
      }
      #expect(metrics.contains("liaison_worker_on_duty{work=\"long\"} 1\n"))
    }
    let lines = Self.log.withLock { $0 }
    #expect(lines.last == "is cancelled: true")
    #expect(lines.filter { ["one", "two"].contains($0) }.count == 2)
  }
}
