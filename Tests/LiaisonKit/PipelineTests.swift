import ContextModel
@_spi(Server) import LiaisonKit
import Synchronization
import Testing

@Suite struct PipelineTests {
  /// Admits calls whose number it does not have to wait for.
  struct Door: ImmediateMiddleware {
    let name: String
    let trace: Trace
    var waitsFor: UInt64?
    var refuses: UInt64?

    func admit(_ call: Call) throws -> Bool {
      if call.requestNumber == refuses { throw ContextError.internalError(name) }
      guard call.requestNumber != waitsFor else { return false }
      trace.note("admit \(name)")
      return true
    }

    func handle(_ call: Call, next: Next) async throws -> Reply {
      trace.note("handle \(name)")
      return try await next(call)
    }
  }

  struct Waiting: Middleware {
    let trace: Trace
    func handle(_ call: Call, next: Next) async throws -> Reply {
      trace.note("waiting")
      return try await next(call)
    }
  }

  struct End: ImmediateEnd {
    let trace: Trace
    var waitsFor: UInt64?

    func begin(_ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void) throws -> Bool {
      guard call.requestNumber != waitsFor else { return false }
      trace.note("begin")
      reply(.success(Reply(status: 201)))
      return true
    }

    func handle(_ call: Call, next: Next) async throws -> Reply {
      trace.note("end")
      return Reply(status: 202)
    }
  }

  /// The status of the reply, without a task or with the rest that is left for one.
  private func status(_ pipeline: Pipeline, _ call: Call) async throws -> Int {
    var status: Int?
    let rest = try pipeline.begin(call) { status = try? $0.get().status }
    guard let rest else { return try #require(status) }
    #expect(status == nil)
    return try await rest(call).status
  }

  @Test func `a call that nobody waits for is answered without a task`() async throws {
    let trace = Trace()
    let pipeline = Pipeline(
      stages: [Door(name: "a", trace: trace), Door(name: "b", trace: trace), End(trace: trace)])
    #expect(try await status(pipeline, .make()) == 201)
    #expect(trace.all == ["admit a", "admit b", "begin"])
  }

  @Test func `each stage sees a call once, wherever the first that waits stands`() async throws {
    for (number, expected) in [
      (1, ["handle a", "admit b", "waiting", "end"]), (2, ["admit a", "handle b", "waiting", "end"]),
      (3, ["admit a", "admit b", "waiting", "end"]),
    ] as [(UInt64, [String])] {
      let trace = Trace()
      let pipeline = Pipeline(stages: [
        Door(name: "a", trace: trace, waitsFor: 1), Door(name: "b", trace: trace, waitsFor: 2),
        Waiting(trace: trace), End(trace: trace),
      ])
      #expect(try await status(pipeline, .make(number)) == 202)
      #expect(trace.all == expected)
    }
  }

  @Test func `handle gets only what admit has left to it, also behind what waits`() async throws {
    let trace = Trace()
    let stages: [any Middleware] = [
      Waiting(trace: trace), Door(name: "a", trace: trace, waitsFor: 2, refuses: 3), End(trace: trace),
    ]
    for number: UInt64 in 1...2 { #expect(try await Next(stages: stages)(.make(number)).status == 202) }
    await #expect(throws: ContextError.self) { try await Next(stages: stages)(.make(3)) }
    #expect(
      trace.all == ["waiting", "admit a", "end", "waiting", "handle a", "end", "waiting"])
  }

  @Test func `a stage is asked once, also if it then has to wait`() async throws {
    final class Counting: ImmediateMiddleware {
      let asked = Mutex(0)
      func admit(_ call: Call) throws -> Bool {
        asked.withLock { $0 += 1 }
        return false
      }
      func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
    }
    let (trace, stages) = (Trace(), [Counting(), Counting()])
    let pipeline = Pipeline(stages: stages as [any Middleware] + [End(trace: trace)])
    #expect(try await status(pipeline, .make()) == 202)
    #expect(stages.map { $0.asked.withLock { $0 } } == [1, 1])
    #expect(try await pipeline.whole(.make()).status == 202)
    #expect(stages.map { $0.asked.withLock { $0 } } == [2, 2])
  }

  @Test func `an end that has to wait gets the call from a task`() async throws {
    let trace = Trace()
    let pipeline = Pipeline(stages: [Door(name: "a", trace: trace), End(trace: trace, waitsFor: 1)])
    #expect(try await status(pipeline, .make()) == 202)
    #expect(trace.all == ["admit a", "end"])
  }

  @Test func `who waits for a call to reach the end hears of it once, and nothing if a stage refuses it`()
    async throws
  {
    let trace = Trace()
    let pipeline = Pipeline(stages: [
      Door(name: "a", trace: trace, waitsFor: 2, refuses: 4), End(trace: trace, waitsFor: 3),
    ])
    for number: UInt64 in 1...4 {
      let call = Call.make(number)
      let heard = Mutex(0)
      call.whenAtEnd = { heard.withLock { $0 += 1 } }
      let status = try? await status(pipeline, call)
      #expect(pipeline.hasReachedEnd(call) == (status != nil))
      #expect(heard.withLock { $0 } == (status == nil ? 0 : 1))
    }
  }

  @Test func `what a stage refuses reaches nobody behind it`() async throws {
    let trace = Trace()
    let pipeline = Pipeline(stages: [
      Door(name: "a", trace: trace), Door(name: "b", trace: trace, refuses: 1), End(trace: trace),
    ])
    await #expect(throws: ContextError.self) { try await status(pipeline, .make()) }
    #expect(trace.all == ["admit a"])
  }
}
