import ContextModel
import EventLoop
@_spi(Server) import LiaisonKit
import Synchronization
import Testing

@testable import LiaisonServer

/// Stages of plugins on a real loop.
@Suite(.timeLimit(.minutes(1))) struct PluginStageTests {
  /// A plugin whose stage is a closure.
  struct Closure: Plugin, Middleware {
    static let name = "my-stage"
    let body: @Sendable (Call, Next) async throws -> Reply
    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      body = { try await $1($0) }
    }
    init(_ body: @escaping @Sendable (Call, Next) async throws -> Reply) { self.body = body }
    func handle(_ call: Call, next: Next) async throws -> Reply { try await body(call, next) }
  }

  final class End: Middleware {
    let count = Mutex(0)
    let error: (any Error)?
    init(_ error: (any Error)? = nil) { self.error = error }
    func handle(_ call: Call, next: Next) async throws -> Reply {
      count.withLock { $0 += 1 }
      if let error { throw error }
      return Reply(status: 201)
    }
  }

  struct Foreign: Error {}

  private let metrics = MetricsRegistry()

  /// A stage of a plugin on a loop that does not run yet.
  private func stage(
    on loop: EventLoop, mark: UInt16 = 1, budget: Duration = .seconds(30),
    _ body: @escaping @Sendable (Call, Next) async throws -> Reply
  ) -> PluginStage {
    let stage = PluginStage(Closure(body), budget: budget, log: Log(level: .error), metrics: metrics)
    stage.attach(to: [loop], mark: mark)
    return stage
  }

  /// What a call through stages and the end gives.
  private func answer(
    _ end: End, budget: Duration = .seconds(30), _ bodies: @Sendable (Call, Next) async throws -> Reply...
  ) async throws -> Reply {
    let loop = try EventLoop(index: 0)
    let stages = bodies.enumerated().map { stage(on: loop, mark: UInt16($0 + 1), budget: budget, $1) }
    loop.start(named: "test")
    defer {
      loop.stop()
      loop.join()
    }
    let next = Next(stages: stages as [any Middleware] + [end])
    return try await Task(executorPreference: loop) {
      try await next(.make())
    }.value
  }

  @Test func `a call goes through stages of plugins and back`() async throws {
    let end = End()
    let pass: @Sendable (Call, Next) async throws -> Reply = { call, next in
      #expect(call.deadline.map { $0 > .now } == true)
      var reply = try await next(call)
      #expect(call.deadline.map { $0 > .now } == true)
      reply.headers.append(ReplyHeader("X", "1"))
      return reply
    }
    let reply = try await answer(end, pass, pass, pass)
    #expect(reply.status == 201 && reply.headers.count == 3 && end.count.withLock { $0 } == 1)
  }

  @Test
  func `a stage that leaves a call to a handle which it does not have fails that call, with words that help`()
    async throws
  {
    struct Closed: ImmediateMiddleware {
      func admit(_ call: Call) throws -> Bool { false }
    }
    let error = await #expect(throws: (any Error).self) {
      try await Next(stages: [Closed(), End()])(.make())
    }
    #expect(error.map { "\($0)".contains("throw a ContextError") } == true)
  }

  @Test func `what waits behind a plugin is not on its account`() async throws {
    final class Waiting: Middleware {
      let marks = Mutex<[UInt16]>([])
      func handle(_ call: Call, next: Next) async throws -> Reply {
        for _ in 0..<3 {
          await Task.yield()
          if let mark = EventLoop.current?.mark.now.mark { marks.withLock { $0.append(mark) } }
        }
        return Reply()
      }
    }
    let loop = try EventLoop(index: 0)
    let own = Mutex<[UInt16]>([])
    let stage = stage(on: loop, mark: 7) { call, next in
      own.withLock { $0.append(EventLoop.current?.mark.now.mark ?? 0) }
      let reply = try await next(call)
      own.withLock { $0.append(EventLoop.current?.mark.now.mark ?? 0) }
      return reply
    }
    loop.start(named: "test")
    defer {
      loop.stop()
      loop.join()
    }
    let end = Waiting()
    let pipeline = Pipeline(stages: [stage, end])
    let answer = await pipeline.outcome(on: loop)
    #expect(try answer.get().status == 200)
    #expect(own.withLock { $0 } == [7, 7] && end.marks.withLock { $0 } == [0, 0, 0])
  }

  /// An end that answers later, on the loop, without a task.
  final class LaterEnd: ImmediateEnd {
    let handled = Mutex(0)
    func begin(_ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void) throws -> Bool {
      switch call.requestNumber {
      case 1: EventLoop.current?.schedule(after: .milliseconds(1)) { reply(.success(Reply(status: 201))) }
      case 2: reply(.success(Reply(status: 202)))
      case 3: reply(.failure(ContextError.internalError("later")))
      case 4: throw Foreign()
      default: return false
      }
      return true
    }
    func handle(_ call: Call, next: Next) async throws -> Reply {
      handled.withLock { $0 += 1 }
      return Reply(status: 299)
    }
  }

  /// Lets calls pass but those of one number, for which it has to wait.
  struct Door: ImmediateMiddleware {
    var waitsFor: UInt64 = 0
    func admit(_ call: Call) throws -> Bool { call.requestNumber != waitsFor }
    func handle(_ call: Call, next: Next) async throws -> Reply {
      await Task.yield()
      var reply = try await next(call)
      reply.headers.append(ReplyHeader("Door", "1"))
      return reply
    }
  }

  @Test func `calls go on behind a plugin without its task, and with it where something waits`() async throws
  {
    let loop = try EventLoop(index: 0)
    let order = Mutex<[String]>([])
    let stages = ["outer", "inner"].enumerated().map { place, name in
      stage(on: loop, mark: UInt16(place + 1)) { call, next in
        #expect(EventLoop.current === loop)
        order.withLock { $0.append("\(name) \(call.requestNumber)") }
        defer { order.withLock { $0.append("\(name) ends") } }
        let reply = try await next(call)
        #expect(EventLoop.current === loop && call.deadline != nil)
        await #expect(throws: NextCalledTwice.self) { try await next(call) }
        return reply
      }
    }
    loop.start(named: "test")
    defer {
      loop.stop()
      loop.join()
    }
    let end = LaterEnd()
    let pipeline = Pipeline(stages: [
      Door(), stages[0], Door(waitsFor: 6), stages[1], Door(waitsFor: 7), end,
    ])
    for (number, status) in [(1, 201), (2, 202), (3, 500), (4, 500), (5, 299), (6, 299), (7, 299)]
      as [(UInt64, Int)]
    {
      let answer = await pipeline.outcome(ofCall: number, on: loop)
      switch answer {
      case .success(let reply):
        #expect(reply.status == status && reply.headers.count == [6: 1, 7: 1][number, default: 0])
      case .failure(let error):
        #expect(
          (error as? ContextError)?.status == status && (error as? ContextError)?.code == "internal_error")
      }
      let names = ["outer \(number)", "inner \(number)", "inner ends", "outer ends"]
      #expect(
        order.withLock { order in
          defer { order = [] }
          return order
        } == names)
    }
    #expect(end.handled.withLock { $0 } == 3)
  }

  @Test func `a stage that never returns is answered for, and the stage before it hears of it`() async throws
  {
    let end = End()
    let heard = Mutex(0)
    let error = await #expect(throws: ContextError.self) {
      try await answer(
        end, budget: .milliseconds(20),
        { call, next in
          do { return try await next(call) } catch let error as ContextError {
            heard.withLock { $0 = error.status }
            throw error
          }
        },
        { _, _ in
          await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
          return Reply()
        })
    }
    #expect(error?.status == 504 && error?.code == "my_stage_timed_out" && heard.withLock { $0 } == 504)
    #expect(end.count.withLock { $0 } == 0)
    #expect(metrics.text().contains("liaison_my_stage_timeouts_total 1\n"))
  }

  /// Lets those that have come go on once all are there.
  final class Gate: Sendable {
    private let waiting = Mutex<[UnsafeContinuation<Void, Never>]>([])
    private let size: Int
    init(_ size: Int) { self.size = size }
    func pass() async {
      await withUnsafeContinuation { continuation in
        let all = waiting.withLock { waiting in
          waiting.append(continuation)
          return waiting.count % size == 0 ? waiting : []
        }
        for one in all.suffix(size) { one.resume() }
      }
    }
  }

  @Test func `of many calls at once those are answered for that are kept, and the next ones go through`()
    async throws
  {
    let count = 1200
    let (gate, end) = (Gate(count), End())
    let loop = try EventLoop(index: 0)
    let stage = stage(on: loop, budget: .seconds(1)) { call, next in
      await gate.pass()
      if call.requestNumber % 3 == 0 {
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
      }
      return try await next(call)
    }
    loop.start(named: "test")
    defer {
      loop.stop()
      loop.join()
    }
    let next = Next(stages: [stage, end])
    /// How often each status was answered to calls with these numbers.
    func statuses(_ numbers: [UInt64]) async -> [Int: Int] {
      await withTaskGroup(of: Int.self) { group in
        for number in numbers {
          group.addTask(executorPreference: loop) {
            do { return try await next(.make(number)).status } catch {
              return (error as? ContextError)?.status ?? 0
            }
          }
        }
        return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
    }
    #expect(await statuses((0..<1200).map { $0 }) == [201: 800, 504: 400])
    #expect(await statuses((0..<1200).map { $0 * 3 + 1 }) == [201: 1200])
    #expect(end.count.withLock { $0 } == 2000)
  }

  @Test func `a call's time begins with its turn, not while the stage keeps the thread for another one`()
    async throws
  {
    let loop = try EventLoop(index: 0)
    let stage = stage(on: loop, budget: .milliseconds(500)) { call, next in
      let start = ContinuousClock.now
      while call.requestNumber == 1, ContinuousClock.now - start < .milliseconds(600) {}
      return try await next(call)
    }
    loop.start(named: "test")
    defer {
      loop.stop()
      loop.join()
    }
    let pipeline = Pipeline(stages: [stage, LaterEnd()])
    let (statuses, answered) = AsyncStream<Int>.makeStream()
    // Both in one tick.
    loop.post {
      for number in 1...2 as ClosedRange<UInt64> {
        let rest = try? pipeline.begin(.make(number)) { answer in
          switch answer {
          case .success(let reply): answered.yield(reply.status)
          case .failure(let error): answered.yield((error as? ContextError)?.status ?? 0)
          }
        }
        #expect(rest == nil)
      }
    }
    #expect(await statuses.prefix(2).reduce(into: []) { $0.append($1) } == [504, 202])
  }

  @Test func `a call that keeps its place gets as far as it can when it is begun, another one in its turn`()
    async throws
  {
    let loop = try EventLoop(index: 0)
    let stage = stage(on: loop) { call, next in try await next(call) }
    let pipeline = Pipeline(stages: [stage, LaterEnd()])
    loop.start(named: "test")
    defer {
      loop.stop()
      loop.join()
    }
    for keepsItsPlace in [true, false] {
      // The first call makes the task, the second one finds it.
      for _ in 0..<2 {
        let (reached, status) = await withUnsafeContinuation { continuation in
          loop.post {
            let call = Call.make(1)
            call.keepsItsPlace = keepsItsPlace
            var reached: Bool?
            let rest = try? pipeline.begin(call) { answer in
              let status = try? answer.get().status
              continuation.resume(returning: (reached, status))
            }
            #expect(rest == nil)
            reached = pipeline.hasReachedEnd(call)
          }
        }
        #expect(reached == keepsItsPlace && status == 201)
      }
    }
  }

  @Test func `after the 504 the task is cancelled, and next throws for good`() async throws {
    let end = End()
    let (thrown, over) = AsyncStream<Bool>.makeStream()
    await #expect(throws: ContextError.self) {
      try await answer(
        end, budget: .milliseconds(20),
        { call, next in
          try? await Task.sleep(for: .seconds(600))
          for _ in 0..<2 {
            do { _ = try await next(call) } catch { over.yield(error is DeadlinePassed && Task.isCancelled) }
          }
          over.yield(call.deadline.map { $0 <= .now } == true)
          over.finish()
          return Reply()
        })
    }
    #expect(await thrown.reduce(into: []) { $0.append($1) } == [true, true, true])
    #expect(end.count.withLock { $0 } == 0)
  }

  @Test func `an answer that is kept too long says that the call was handled`() async throws {
    let end = End()
    let error = await #expect(throws: ContextError.self) {
      try await answer(
        end, budget: .milliseconds(20),
        { call, next in
          let reply = try await next(call)
          try await Task.sleep(for: .seconds(600))
          return reply
        })
    }
    #expect(error?.status == 504 && error?.code == "my_stage_answer_timed_out")
    #expect(end.count.withLock { $0 } == 1)
  }

  @Test func `a late next is refused even if the stage then answers`() async throws {
    let end = End()
    let error = await #expect(throws: ContextError.self) {
      try await answer(
        end, budget: .milliseconds(5),
        { call, next in
          let start = ContinuousClock.now
          while ContinuousClock.now - start < .milliseconds(20) {}
          let reply = try? await next(call)
          #expect(call.deadline.map { $0 <= .now } == true)
          return reply ?? Reply(status: 200)
        })
    }
    #expect(error?.status == 504 && end.count.withLock { $0 } == 0)
  }

  @Test func `an error of the server's own stage is not the plugin's`() async throws {
    let error = await #expect(throws: ContextError.self) {
      try await answer(End(Foreign()), { call, next in try await next(call) })
    }
    #expect(error?.status == 500 && error?.code == "internal_error")
    #expect(metrics.text().contains("liaison_my_stage_failures_total 0\n"))
    let own = await #expect(throws: ContextError.self) {
      try await answer(End(), { _, _ in throw Foreign() })
    }
    #expect(own?.code == "my_stage_failed")
  }
}
