import ContextModel
import LiaisonKit
import Synchronization

/// The end of a pipeline under test: counts what reaches it and answers with one reply.
final class LastStage: Middleware {
  let reply: Reply
  private let reached = Mutex(0)

  init(_ reply: Reply = Reply()) { self.reply = reply }

  /// How many calls have come through.
  var count: Int { reached.withLock { $0 } }

  func handle(_ call: Call, next: Next) async throws -> Reply {
    reached.withLock { $0 += 1 }
    return reply
  }
}
