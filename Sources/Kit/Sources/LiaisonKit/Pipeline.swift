/// A stage that seldom has to wait. For a call that it lets pass at once no task is needed, which is most of what a
/// stage costs.
///
/// ```swift
/// struct Weekdays: ImmediateMiddleware {
///   func admit(_ call: Call) throws -> Bool {
///     guard isWeekday(call.receivedAt) else { throw closed }
///     return true
///   }
/// }
/// ```
public protocol ImmediateMiddleware: Middleware {
  /// Does without waiting what `handle` does before it calls `next`, if that is all it does for this call.
  ///
  /// - Returns: whether the call goes on to the next stage; `false` leaves it to `handle`, and has done nothing.
  /// - Throws: what `handle` would throw.
  func admit(_ call: Call) throws -> Bool
}

extension ImmediateMiddleware {
  /// Passes on what is admitted. For a stage that never waits this is enough.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    let isAdmitted = try admit(call)
    precondition(isAdmitted, "a stage that waits for some calls needs a handle of its own")
    return try await next(call)
  }
}

/// The end of a pipeline that can answer without a task.
public protocol ImmediateEnd: Middleware {
  /// Begins to answer a call.
  ///
  /// - Parameters:
  ///   - call: has gone through the stages before.
  ///   - reply: called once, on the call's loop, perhaps before this returns.
  /// - Returns: `false` leaves the call to `handle`, and has done nothing.
  /// - Throws: what `handle` would throw; `reply` is not called then.
  func begin(_ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void) throws -> Bool
}

/// A stage that has tasks of its own, as those of plugins have: it needs none of the caller's.
@_spi(Server) public protocol TaskedStage: Middleware {
  /// Begins to handle a call, behind all that came before it.
  ///
  /// - Parameter reply: called once, on the call's loop.
  func begin(_ call: Call, next: Next, _ reply: @escaping (Result<Reply, any Error>) -> Void)
}

/// All stages, as the server runs them: those at the beginning that need not wait without a task.
public final class Pipeline: Sendable {
  /// All stages, to be called by a task.
  public let whole: Next
  /// The stages at the beginning that may let a call pass at once.
  private let first: [any ImmediateMiddleware]
  /// The end, if nothing else stands between it and the first stages.
  private let end: (any ImmediateEnd)?
  /// The stage behind the first ones, if it needs no task either.
  private let tasked: (any TaskedStage)?

  /// - Parameter stages: in order; the last one answers every call that reaches it without calling `next`.
  public init(stages: [any Middleware]) {
    whole = Next(stages: stages)
    var first: [any ImmediateMiddleware] = []
    for stage in stages.dropLast() {
      guard let stage = stage as? any ImmediateMiddleware else { break }
      first.append(stage)
    }
    self.first = first
    end = first.count == stages.count - 1 ? stages.last as? any ImmediateEnd : nil
    tasked = first.count < stages.count ? stages[first.count] as? any TaskedStage : nil
  }

  /// Takes a call as far as it goes without waiting.
  ///
  /// - Parameters:
  ///   - call: new.
  ///   - reply: called once, on the call's loop, perhaps before this returns; not at all if this throws or returns
  ///     something.
  /// - Returns: what is left of the pipeline, to be called by a task; `nil` if the end has begun to answer.
  public func begin(
    _ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) throws -> Next? {
    for (index, stage) in first.enumerated() where try !stage.admit(call) {
      return Next(stages: whole.stages, index: index)
    }
    if let end, try end.begin(call, reply) { return nil }
    if let tasked {
      call.lastStage = first.count
      tasked.begin(call, next: Next(stages: whole.stages, index: first.count + 1), reply)
      return nil
    }
    return Next(stages: whole.stages, index: first.count)
  }
}
