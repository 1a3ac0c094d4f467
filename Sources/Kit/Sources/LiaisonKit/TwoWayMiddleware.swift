/// An immediate stage that also gets what becomes of the calls which it lets pass, on its way out.
///
/// ```swift
/// struct Stamp: TwoWayMiddleware {
///   func admit(_ call: Call) throws -> Bool { true }
///
///   func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply {
///     var reply = try outcome.get()
///     reply.headers.append(ReplyHeader("X-Center", "Lisbon"))
///     return reply
///   }
/// }
/// ```
/// Unlike a ``Middleware`` it cannot wait for anything on either way, and so needs no task.
public protocol TwoWayMiddleware: ImmediateMiddleware {
  /// Gets what has become of a call, without waiting: once for each call that `admit` has let pass, on the call's loop. What
  /// `admit` wants to hand to this goes with the call, under a ``CallKey``; an item of a bulk request begins with what stands
  /// under it in the request's own call.
  ///
  /// - Parameters:
  ///   - call: has gone through the stages behind, or was refused by one of them.
  ///   - outcome: the reply of the stages behind, or what they have thrown, which is a ``ContextModel/ContextError``.
  /// - Returns: the reply for the stages before this one.
  /// - Throws: what the stages before this one, and at last the client, get instead of a reply. `try outcome.get()` passes on
  ///   what has come.
  func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply
}

extension TwoWayMiddleware {
  /// For a stage that never waits. Asks again, for the sake of a stage that calls this one without having asked.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    try requireAdmitted(call)
    return try await finish(call) { try await next(call) }
  }

  /// Finishes a call in the task that has answered it.
  func finish(_ call: Call, _ answer: () async throws -> Reply) async throws -> Reply {
    let outcome: Result<Reply, any Error>
    do { outcome = .success(try await answer()) } catch { outcome = .failure(error) }
    return try finish(call, outcome)
  }
}

/// What is left of a pipeline behind a two-way stage that has let the call pass.
struct FinishedRest: Middleware {
  let stage: any TwoWayMiddleware
  let rest: Next

  func handle(_ call: Call, next: Next) async throws -> Reply {
    try await stage.finish(call) { try await rest.handle(call) }
  }
}
