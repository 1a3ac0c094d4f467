import ContextModel

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
/// A stage of a plugin has a budget: ``Call/deadline``. When it has passed the client gets a 504, whatever the stage does; its
/// task is cancelled and `next` throws ``DeadlinePassed``, so that nothing is written any more. The time in `next` is not the
/// stage's; the answer on its way back has a budget of its own.
///
/// A stage calls `next` once, or not at all: then its reply is the answer and nothing behind it sees the call.
/// A second time ``NextCalledTwice`` is thrown, and the stages behind do not see the call again.
///
/// Stages are shared by all event loops; a call stays on its own loop through all of them, suspensions included. While a stage
/// keeps a change, those that the client has pipelined behind it on the same connection wait, so that none overtakes it.
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
  /// Counts the time of the stage that has this, if anybody does.
  var clock: StageClock?

  /// The whole pipeline.
  ///
  /// - Parameter stages: in order; the last one answers every call that reaches it without calling `next`.
  public init(stages: [any Middleware]) {
    self.stages = stages.dropLast().map(AskedFirst.ifItAdmits) + stages.suffix(1)
    index = 0
  }

  init(stages: [any Middleware], index: Int) {
    self.stages = stages
    self.index = index
  }

  /// A pipeline from a place on, where another stage stands in it.
  init(_ pipeline: Next, place: Int, stage: any Middleware) {
    var stages = pipeline.stages
    stages[place] = stage
    self.init(stages: stages, index: place)
  }

  /// The same, for a stage whose time is counted.
  @_spi(Server) public func counted(by clock: StageClock) -> Next {
    var next = self
    next.clock = clock
    return next
  }

  /// Hands the call to the next stage.
  public func callAsFunction(_ call: Call) async throws -> Reply {
    precondition(index < stages.count, "the last stage of a pipeline must answer itself")
    // A call that begins the pipeline anew is one that nobody has seen.
    guard index == 0 || index > call.lastStage else { throw NextCalledTwice() }
    guard let clock else { return try await handle(call) }
    return try await clock.pass(call, to: self)
  }

  func handle(_ call: Call) async throws -> Reply {
    call.comes(to: index, isEnd: index == stages.count - 1)
    return try await stages[index].handle(call, next: Next(stages: stages, index: index + 1))
  }
}

/// A stage that is asked whether it admits a call before it has to handle it. Made once for each pipeline: to ask a stage for each
/// call whether it can admit is too dear.
final class AskedFirst: Middleware {
  let stage: any ImmediateMiddleware
  private let twoWay: (any TwoWayMiddleware)?

  private init(_ stage: any ImmediateMiddleware) {
    self.stage = stage
    twoWay = stage as? any TwoWayMiddleware
  }

  /// The stage, to be asked first if it can be.
  static func ifItAdmits(_ stage: any Middleware) -> any Middleware {
    (stage as? any ImmediateMiddleware).map(AskedFirst.init) ?? stage
  }

  func handle(_ call: Call, next: Next) async throws -> Reply {
    guard try stage.admit(call) else { return try await stage.handle(call, next: next) }
    guard let twoWay else { return try await next(call) }
    return try await twoWay.finish(call) { try await next(call) }
  }
}

/// A stage has called `next` a second time for one call: what stands behind it would be done twice.
public struct NextCalledTwice: Error, CustomStringConvertible {
  /// One line.
  public var description: String { "a stage called next twice for one call" }
}

/// A stage has kept a call longer than its budget allows.
public struct DeadlinePassed: Error, CustomStringConvertible {
  /// Nothing more is to say.
  public init() {}

  /// One line.
  public var description: String { "the call's deadline has passed" }
}
