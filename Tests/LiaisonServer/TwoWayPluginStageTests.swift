import ContextModel
import EventLoop
import LiaisonKit
import Synchronization
import Testing

@testable import LiaisonServer

/// Two-way stages of plugins on a real loop.
@Suite(.timeLimit(.minutes(1))) struct TwoWayPluginStageTests {
  /// A plugin whose stage has a closure on the way out.
  struct Finishing: Plugin, TwoWayMiddleware {
    static let name = "my-stage"
    let body: @Sendable (Result<Reply, any Error>) throws -> Reply
    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      body = { try $0.get() }
    }
    init(_ body: @escaping @Sendable (Result<Reply, any Error>) throws -> Reply) { self.body = body }
    func admit(_ call: Call) throws -> Bool { true }
    func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply { try body(outcome) }
  }

  struct End: ImmediateEnd {
    var error: (any Error)?
    func begin(_ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void) throws -> Bool {
      if let error { throw error }
      reply(.success(Reply(status: 201)))
      return true
    }
    func handle(_ call: Call, next: Next) async throws -> Reply { Reply() }
  }

  struct Foreign: Error {}

  private let metrics = MetricsRegistry()

  private func outcome(
    of end: End = End(), budget: Duration = .seconds(30),
    _ body: @escaping @Sendable (Result<Reply, any Error>) throws -> Reply
  ) async throws -> Result<Reply, any Error> {
    let loop = try EventLoop(index: 0)
    let stage = PluginStage(Finishing(body), budget: budget, log: Log(level: .error), metrics: metrics)
    stage.attach(to: [loop], mark: 7)
    let pipeline = Pipeline(stages: [stage.inPipeline(mark: 7), end])
    loop.start(named: "test")
    defer {
      loop.stop()
      loop.join()
    }
    return await pipeline.outcome(on: loop)
  }

  /// The status and code of a failure that is an answer.
  private func answer(_ outcome: Result<Reply, any Error>) -> (Int, String)? {
    guard case .failure(let error) = outcome, let error = error as? ContextError else { return nil }
    return (error.status, error.code)
  }

  @Test func `the way out needs no task, and is on the plugin's account`() async throws {
    let marks = Mutex<[UInt16?]>([])
    let outcome = try await outcome { outcome in
      marks.withLock { $0.append(EventLoop.current?.mark.now.mark) }
      var reply = try outcome.get()
      reply.headers.append(ReplyHeader("X", "1"))
      return reply
    }
    #expect(try outcome.get().status == 201 && outcome.get().headers.count == 1)
    #expect(marks.withLock { $0 } == [7])
  }

  @Test func `what a plugin throws on the way out is a 500 that names it`() async throws {
    let outcome = try await outcome { _ in throw Foreign() }
    #expect(try #require(answer(outcome)) == (500, "my_stage_failed"))
    #expect(metrics.text().contains("liaison_my_stage_failures_total 1\n"))
  }

  @Test func `what went wrong behind a plugin is not its failure`() async throws {
    let outcome = try await outcome(of: End(error: Foreign())) { try $0.get() }
    #expect(try #require(answer(outcome)) == (500, "internal_error"))
    #expect(metrics.text().contains("liaison_my_stage_failures_total 0\n"))
  }

  @Test
  func `an answer that a plugin has kept beyond its budget is a 504 that says that the call was handled`()
    async throws
  {
    let outcome = try await outcome(budget: .milliseconds(5)) { outcome in
      let end = ContinuousClock.now + .milliseconds(40)
      while ContinuousClock.now < end {}
      return try outcome.get()
    }
    #expect(try #require(answer(outcome)) == (504, "my_stage_answer_timed_out"))
    #expect(metrics.text().contains("liaison_my_stage_timeouts_total 1\n"))
  }
}
