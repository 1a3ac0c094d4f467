import ContextModel
import LiaisonKit
import Synchronization
import Testing

@Suite struct NextTests {
  /// Calls `next` as often as it is told.
  struct Repeating: Middleware {
    let times: Int
    func handle(_ call: Call, next: Next) async throws -> Reply {
      var reply = Reply(status: 204)
      for _ in 0..<times { reply = try await next(call) }
      return reply
    }
  }

  final class LastStage: Middleware {
    let count = Mutex(0)
    func handle(_ call: Call, next: Next) async throws -> Reply {
      count.withLock { $0 += 1 }
      return Reply(status: 200)
    }
  }

  @Test func `a stage that never calls next answers itself`() async throws {
    let last = LastStage()
    let reply = try await Next(stages: [Repeating(times: 0), last])(.make())
    #expect(reply.status == 204)
    #expect(last.count.withLock { $0 } == 0)
  }

  @Test(arguments: 0...2)
  func `the second next is refused wherever it happens`(place: Int) async throws {
    let last = LastStage()
    var stages: [any Middleware] = [Repeating(times: 1), Repeating(times: 1), Repeating(times: 1)]
    stages[place] = Repeating(times: 2)
    await #expect(throws: NextCalledTwice.self) { try await Next(stages: stages + [last])(.make()) }
    #expect(last.count.withLock { $0 } == 1)
  }

  @Test func `a call may go through a whole pipeline again`() async throws {
    let last = LastStage()
    let call = Call.make()
    for _ in 0..<2 { _ = try await Next(stages: [Repeating(times: 1), last])(call) }
    #expect(last.count.withLock { $0 } == 2)
  }
}
