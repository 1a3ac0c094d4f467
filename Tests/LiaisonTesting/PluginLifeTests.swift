import ContextModel
import Dispatch
import LiaisonKit
import LiaisonTesting
import Synchronization
import Testing

/// What plugins do at their start and end, and beside calls, harms nobody else.
@Suite(.timeLimit(.minutes(1))) struct PluginLifeTests {
  /// Keeps all its threads busy while the server runs.
  struct Busy: Plugin, ImmediateMiddleware {
    static let name = "busy"
    let context: PluginContext
    private let gate = DispatchSemaphore(value: 0)

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      self.context = context
    }

    func start() async throws {
      for _ in 0..<2 {
        context.background.run("busy") { [context, gate] in
          try await withTaskCancellationHandler {
            try await context.blocking.run { gate.wait() }
          } onCancel: {
            gate.signal()
          }
        }
      }
    }

    func admit(_ call: Call) throws -> Bool { true }
  }

  /// Needs a thread for each call.
  struct Blocking: Plugin, Middleware {
    static let name = "blocking"
    let context: PluginContext

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      self.context = context
    }

    func handle(_ call: Call, next: Next) async throws -> Reply {
      try await context.blocking.run {}
      return try await next(call)
    }
  }

  /// Never stops.
  struct Endless: Plugin, ImmediateMiddleware {
    static let name = "endless"

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {}
    func stop() async { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    func admit(_ call: Call) throws -> Bool { true }
  }

  /// Does not start.
  struct Broken: Plugin, ImmediateMiddleware {
    static let name = "broken"

    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {}
    func start() async throws { throw ContextError.internalError("no luck") }
    func admit(_ call: Call) throws -> Bool { true }
  }

  @Test func `a plugin that blocks all its threads holds up no other plugin`() async throws {
    try await TestedServer(plugins: [Busy.self, Blocking.self]).test(.pipeline) { client in
      for _ in 0..<5 {
        let status = try await client.get("/server/status").status
        #expect(status == 200)
      }
    }
  }

  @Test func `a server ends although a plugin does not`() async throws {
    try await TestedServer(plugins: [Endless.self]).test(.pipeline) { client in
      let status = try await client.get("/server/status").status
      #expect(status == 200)
    }
  }

  @Test func `a plugin that does not start is named`() async throws {
    let error = await #expect(throws: (any Error).self) {
      try await TestedServer(plugins: [Broken.self]).test(.pipeline) { _ in }
    }
    #expect(error.map { "\($0)".hasPrefix("plugin broken: does not start: ") } == true)
  }
}
