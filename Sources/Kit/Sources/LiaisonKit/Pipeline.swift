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
  ///   - rest: what stands behind the stage.
  ///   - reply: called once, on the call's loop, perhaps before this returns.
  func begin(_ call: Call, before rest: Pipeline, _ reply: @escaping (Result<Reply, any Error>) -> Void)
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
  /// What is left of the pipeline where one of the first stages has to wait: that stage was asked already.
  private let left: [Next]
  /// The stage behind the first ones, if it wants to know what becomes of calls. It stands before `rest` as `tasked` does.
  private let twoWay: (any TwoWayMiddleware)?

  /// - Parameter stages: in order; the last one answers every call that reaches it without calling `next`.
  public convenience init(stages: [any Middleware]) { self.init(Next(stages: stages)) }

  /// - Parameter whole: all that are left of a pipeline's stages.
  @_spi(Server) public init(_ whole: Next) {
    self.whole = whole
    let stages = whole.stages
    var first: [any ImmediateMiddleware] = []
    var twoWay: (any TwoWayMiddleware)?
    for stage in stages[whole.index...].dropLast() {
      guard let stage = (stage as? AskedFirst)?.stage else { break }
      twoWay = stage as? any TwoWayMiddleware
      if twoWay != nil { break }
      first.append(stage)
    }
    self.first = first
    self.twoWay = twoWay
    let asked = first + (twoWay.map { [$0] } ?? [])
    left = asked.indices.map { index in Next(whole, place: whole.index + index, stage: asked[index]) }
    let place = whole.index + first.count
    end = place == stages.count - 1 ? stages[place] as? any ImmediateEnd : nil
    tasked = place < stages.count - 1 ? stages[place] as? any TaskedStage : nil
    rest = tasked == nil && twoWay == nil ? nil : Pipeline(Next(stages: stages, index: place + 1))
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
    for place in first.indices where try !first[place].admit(call) { return left[place] }
    // To bind what is there to a name would count a reference.
    if end != nil, try end!.begin(call, reply) {
      call.comes(to: whole.index + first.count, isEnd: true)
      return nil
    }
    if tasked != nil {
      call.lastStage = rest!.whole.index - 1
      tasked!.begin(call, before: rest!, reply)
      return nil
    }
    if let twoWay, let rest { return try begin(call, at: twoWay, before: rest, reply) }
    return Next(stages: whole.stages, index: whole.index + first.count)
  }

  private func begin(
    _ call: Call, at stage: any TwoWayMiddleware, before rest: Pipeline,
    _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) throws -> Next? {
    guard try stage.admit(call) else { return left[first.count] }
    call.lastStage = rest.whole.index - 1
    do {
      let left = try rest.begin(call) { outcome in reply(Result { try stage.finish(call, outcome) }) }
      return left.map { Next($0, place: $0.index, stage: FinishedRest(stage: stage, rest: $0)) }
    } catch {
      reply(.success(try stage.finish(call, .failure(error))))
      return nil
    }
  }

  /// Whether the end has got a call. If not, a stage has it still, or has answered in the end's place.
  @_spi(Server) public func hasReachedEnd(_ call: Call) -> Bool { call.lastStage == whole.stages.count - 1 }
}

extension Call {
  /// A stage of the pipeline gets the call.
  func comes(to place: Int, isEnd: Bool) {
    lastStage = place
    guard isEnd, let whenAtEnd else { return }
    self.whenAtEnd = nil
    whenAtEnd()
  }
}
