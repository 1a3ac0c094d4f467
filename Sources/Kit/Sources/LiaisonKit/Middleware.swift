/// A stage of the pipeline.
///
/// ```swift
/// struct Stamp: Middleware {
///   func handle(_ call: Call, next: Next) async throws -> Reply {
///     var reply = try await next(call)
///     reply.headers.append(ReplyHeader("X-Center", "Lisbon"))
///     return reply
///   }
/// }
/// ```
/// Stages are shared by all event loops; a call stays on its own loop through all of them, suspensions included.
public protocol Middleware: Sendable {
  /// Handles a call, or passes it on.
  ///
  /// - Throws: a ``ContextModel/ContextError`` is the client's answer; any other error answers 500 and names the stage.
  func handle(_ call: Call, next: Next) async throws -> Reply
}

/// The rest of the pipeline behind a stage.
public struct Next: Sendable {
  let stages: [any Middleware]
  let index: Int

  /// The whole pipeline.
  ///
  /// - Parameter stages: in order; the last one answers every call that reaches it without calling `next`.
  public init(stages: [any Middleware]) {
    self.stages = stages
    index = 0
  }

  private init(stages: [any Middleware], index: Int) {
    self.stages = stages
    self.index = index
  }

  /// Hands the call to the next stage.
  public func callAsFunction(_ call: Call) async throws -> Reply {
    precondition(index < stages.count, "the last stage of a pipeline must answer itself")
    return try await stages[index].handle(call, next: Next(stages: stages, index: index + 1))
  }
}
