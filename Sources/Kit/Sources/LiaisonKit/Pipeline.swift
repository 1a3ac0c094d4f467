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
  /// - Returns: whether the call goes on to the next stage; `false` leaves it to `handle`, and has done nothing. To refuse a call
  ///   is to throw a `ContextError`.
  /// - Throws: what `handle` would throw.
  func admit(_ call: Call) throws -> Bool
}

extension ImmediateMiddleware {
  /// Passes on what is admitted. For a stage that never waits this is enough.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    guard try admit(call) else { throw NoHandle() }
    return try await next(call)
  }
}

/// A stage left a call to a `handle` that it does not have.
private struct NoHandle: Error, CustomStringConvertible {
  let description =
    "admit has returned false, which leaves a call to handle, but the stage has no handle of its own; to refuse a call throw a "
    + "ContextError"
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
@_spi(Server) public protocol TaskedStage: Middleware, AnyObject {
  /// Begins to handle a call.
  ///
  /// - Parameters:
  ///   - next: what stands behind the stage.
  ///   - rest: the same, for calls that need not wait.
  ///   - reply: called once, on the call's loop, perhaps before this returns.
  func begin(_ call: Call, next: Next, rest: Pipeline, _ reply: @escaping (Result<Reply, any Error>) -> Void)
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
  /// What stands behind that one.
  private let rest: Pipeline?

  /// - Parameter stages: in order; the last one answers every call that reaches it without calling `next`.
  public convenience init(stages: [any Middleware]) { self.init(Next(stages: stages)) }

  private init(_ whole: Next) {
    self.whole = whole
    let stages = whole.stages
    var first: [any ImmediateMiddleware] = []
    for stage in stages[whole.index...].dropLast() {
      guard let stage = stage as? any ImmediateMiddleware else { break }
      first.append(stage)
    }
    self.first = first
    let place = whole.index + first.count
    end = place == stages.count - 1 ? stages[place] as? any ImmediateEnd : nil
    tasked = place < stages.count - 1 ? stages[place] as? any TaskedStage : nil
    rest = tasked.map { _ in Pipeline(Next(stages: stages, index: place + 1)) }
  }

  /// Takes a call as far as it goes without waiting.
  ///
  /// - Parameters:
  ///   - call: has been through no stage of these.
  ///   - reply: called once, on the call's loop, perhaps before this returns; not at all if this throws or returns
  ///     something.
  /// - Returns: what is left of the pipeline, to be called by a task; `nil` if the end has begun to answer.
  public func begin(
    _ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) throws -> Next? {
    for place in first.indices where try !first[place].admit(call) { return next(place) }
    if let end, try end.begin(call, reply) { return nil }
    if let tasked, let rest {
      call.lastStage = rest.whole.index - 1
      tasked.begin(call, next: rest.whole, rest: rest, reply)
      return nil
    }
    return next(first.count)
  }

  private func next(_ place: Int) -> Next { Next(stages: whole.stages, index: whole.index + place) }
}
