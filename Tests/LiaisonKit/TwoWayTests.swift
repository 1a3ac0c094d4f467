import ContextModel
@_spi(Server) import LiaisonKit
import Synchronization
import Testing

/// Stages that get what becomes of the calls which they let pass.
@Suite struct TwoWayTests {
  /// Notes each call on both ways, and adds its name to each reply.
  struct Marker: TwoWayMiddleware {
    let name: String
    let trace: Trace
    var refuses: UInt64?
    var leavesToHandle: UInt64?
    var answersFailures = false
    var throwsAtEnd = false

    func admit(_ call: Call) throws -> Bool {
      if call.requestNumber == refuses { throw ContextError.internalError("refused by \(name)") }
      guard call.requestNumber != leavesToHandle else { return false }
      trace.note("\(name) admits")
      return true
    }

    func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply {
      if throwsAtEnd { throw ContextError.internalError("thrown by \(name)") }
      switch outcome {
      case .success(var reply):
        trace.note("\(name) finishes")
        reply.headers.append(ReplyHeader("Mark", name))
        return reply
      case .failure(let error):
        trace.note("\(name) hears: \((error as? ContextError)?.message ?? "\(error)")")
        guard answersFailures else { throw error }
        return Reply(status: 299)
      }
    }
  }

  /// The same, with a `handle` for what `admit` leaves to it.
  struct Handling: TwoWayMiddleware {
    let marker: Marker
    func admit(_ call: Call) throws -> Bool { try marker.admit(call) }
    func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply {
      try marker.finish(call, outcome)
    }
    func handle(_ call: Call, next: Next) async throws -> Reply {
      marker.trace.note("\(marker.name) handles")
      return try await next(call)
    }
  }

  /// Asks whoever comes to wait, so that what stands behind it runs in a task.
  struct Waiting: ImmediateMiddleware {
    let trace: Trace
    func admit(_ call: Call) throws -> Bool { false }
    func handle(_ call: Call, next: Next) async throws -> Reply {
      await Task.yield()
      trace.note("waited")
      return try await next(call)
    }
  }

  /// Answers at once, later, in a task, or not well, as the call's number says.
  final class End: ImmediateEnd {
    enum Way: UInt64, CaseIterable { case now = 1, later, inTask, throwing, failing, throwingInTask }

    let trace: Trace
    let replies = Mutex<[@Sendable () -> Void]>([])
    init(_ trace: Trace) { self.trace = trace }

    func begin(_ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void) throws -> Bool {
      let way = Way(rawValue: call.requestNumber)
      if [.now, .later, .failing].contains(way) { trace.note("end") }
      switch way {
      case .now: reply(.success(Reply()))
      case .later:
        nonisolated(unsafe) let reply = reply
        replies.withLock { $0.append { reply(.success(Reply())) } }
      case .throwing: throw ContextError.internalError("thrown")
      case .failing: reply(.failure(ContextError.internalError("failed")))
      default: return false
      }
      return true
    }

    func handle(_ call: Call, next: Next) async throws -> Reply {
      trace.note("end")
      guard call.requestNumber != Way.throwingInTask.rawValue else {
        throw ContextError.internalError("thrown in a task")
      }
      return Reply()
    }
  }

  private let trace = Trace()

  /// What becomes of a call, and whether a task had to run it.
  private func outcome(
    _ stages: [any Middleware], _ way: End.Way, whole: Bool = false
  ) async -> (Result<Reply, any Error>, tasked: Bool) {
    let end = End(trace)
    let pipeline = Pipeline(stages: stages + [end])
    let call = Call.make(way.rawValue)
    var outcomes: [Result<Reply, any Error>] = []
    do {
      let rest = whole ? pipeline.whole : try pipeline.begin(call) { outcomes.append($0) }
      for reply in end.replies.withLock({ $0 }) { reply() }
      if let rest {
        #expect(outcomes.isEmpty)
        return (.success(try await rest(call)), true)
      }
    } catch {
      #expect(outcomes.isEmpty)
      return (.failure(error), false)
    }
    #expect(outcomes.count == 1)
    return (outcomes.first ?? .failure(NoAnswer()), false)
  }

  struct NoAnswer: Error {}

  private func message(_ outcome: Result<Reply, any Error>) -> String? {
    if case .failure(let error) = outcome { (error as? ContextError)?.message } else { nil }
  }

  @Test(arguments: End.Way.allCases)
  func `each stage gets each call once on both ways, however it is answered`(way: End.Way) async throws {
    let (a, b) = (Marker(name: "a", trace: trace), Marker(name: "b", trace: trace))
    let wanted: (words: [String], failure: String?) =
      switch way {
      case .now, .later, .inTask: (["a admits", "b admits", "end", "b finishes", "a finishes"], nil)
      case .throwing: (["a admits", "b admits", "b hears: thrown", "a hears: thrown"], "thrown")
      case .failing: (["a admits", "b admits", "end", "b hears: failed", "a hears: failed"], "failed")
      case .throwingInTask:
        (
          ["a admits", "b admits", "end", "b hears: thrown in a task", "a hears: thrown in a task"],
          "thrown in a task"
        )
      }
    for (stages, isTasked) in [
      ([a, b] as [any Middleware], way == .inTask || way == .throwingInTask),
      ([a, Waiting(trace: trace), b], true),
      ([Waiting(trace: trace), a, b], true),
    ] where !isTasked || way == .inTask || way == .throwingInTask {
      let (outcome, tasked) = await outcome(stages, way)
      #expect(tasked == isTasked || message(outcome) != nil)
      #expect(trace.take().filter { $0 != "waited" } == wanted.words)
      #expect(message(outcome) == wanted.failure)
      if wanted.failure == nil { #expect(try outcome.get().headers.map(\.value) == ["b", "a"]) }
    }
  }

  @Test func `what a stage behind refuses comes back through those that had let the call pass`() async {
    let stages: [any Middleware] = [
      Marker(name: "a", trace: trace), Marker(name: "b", trace: trace, refuses: 1),
      Marker(name: "c", trace: trace),
    ]
    for whole in [false, true] {
      let (outcome, _) = await outcome(stages, .now, whole: whole)
      #expect(message(outcome) == "refused by b")
      #expect(trace.take() == ["a admits", "a hears: refused by b"])
    }
  }

  @Test func `a failure can become a reply on the way out, and a reply a failure`() async throws {
    let answering = Marker(name: "a", trace: trace, answersFailures: true)
    for way in End.Way.allCases {
      let throwing = Marker(name: "b", trace: trace, throwsAtEnd: true)
      for stages: [any Middleware] in [[answering, throwing], [answering, Waiting(trace: trace), throwing]] {
        #expect(try await outcome(stages, way).0.get().status == 299)
        #expect(trace.take().contains("a hears: thrown by b"))
        #expect(await message(outcome(stages.reversed(), way).0) == "thrown by b")
        _ = trace.take()
      }
    }
  }

  @Test func `a call that is left to handle is not finished as well`() async throws {
    let stage = Handling(marker: Marker(name: "a", trace: trace, leavesToHandle: 1))
    for stages: [any Middleware] in [[stage], [Waiting(trace: trace), stage]] {
      let (outcome, tasked) = await outcome(stages, .now)
      #expect(try outcome.get().headers.isEmpty && tasked)
      #expect(trace.take().filter { $0 != "waited" } == ["a handles", "end"])
    }
  }

  @Test func `a stage without a handle fails the call that it leaves to it, with words that help`() async {
    let stage = Marker(name: "a", trace: trace, leavesToHandle: 1)
    let (outcome, _) = await outcome([stage], .now)
    #expect(throws: (any Error).self) { try outcome.get() }
    if case .failure(let error) = outcome { #expect("\(error)".contains("throw a ContextError")) }
    #expect(trace.take() == [])
  }

  @Test func `a stage that calls another one's handle gets both ways of it`() async throws {
    struct Outer: Middleware {
      let inner: Marker
      func handle(_ call: Call, next: Next) async throws -> Reply { try await inner.handle(call, next: next) }
    }
    let (outcome, _) = await outcome([Outer(inner: Marker(name: "a", trace: trace))], .now)
    #expect(try outcome.get().headers.map(\.value) == ["a"])
    #expect(trace.take() == ["a admits", "end", "a finishes"])
  }
}
