/// Counts the time that a stage keeps a call, and takes the call on from it. The server's part of ``Next``; belongs to the
/// call's loop.
@_spi(Server) open class StageClock: @unchecked Sendable {
  /// What stands behind the stage, if calls may go on through it without a task. Lives as long as the server.
  public final unowned(unsafe) var rest: Pipeline?

  /// What became of a call in `next`.
  enum Passed {
    case answered(Reply)
    case failed(any Error)
    /// A stage has to wait for something: it and what stands behind it are for the caller's task.
    case left(Next)
  }

  /// The task of the stage, which waits in `next`; it keeps this object alive.
  private final var waiting: UnsafeContinuation<Void, Never>?
  /// What it waits for. Not handed over by the continuation, which would copy it more than once.
  final var passed: Passed?
  /// The same for every call: to make one for each would be an allocation.
  private final lazy var answered: (Result<Reply, any Error>) -> Void = { [unowned(unsafe) self] outcome in
    switch outcome {
    case .success(let reply): passed = .answered(reply)
    case .failure(let error): passed = .failed(error)
    }
    if let waiting = waiting.take() { resume(waiting) }
  }

  /// A clock that does not run.
  public init() {}

  /// Until when the stage may keep the call.
  open var deadline: ContinuousClock.Instant? { nil }

  /// The stage calls `next`.
  ///
  /// - Throws: ``DeadlinePassed``: the stages behind do not see the call.
  open func passOn() throws {}

  /// `next` is about to return to the stage.
  open func goOn() {}

  /// Resumes the task of the stage, which may run before this returns.
  open func resume(_ task: UnsafeContinuation<Void, Never>) { task.resume() }

  /// A stage behind has thrown what is no answer.
  ///
  /// - Returns: what `next` throws.
  open func failedBehind(_ call: Call, _ error: any Error) -> any Error { error }

  /// Takes a call as far as it goes without the stage's task.
  final func pass(_ call: Call, to next: Next) async -> Passed {
    guard let rest else { return .left(next) }
    do {
      if let left = try rest.begin(call, answered) { return .left(left) }
    } catch {
      return .failed(error)
    }
    if passed == nil { await withUnsafeContinuation { waiting = $0 } }
    return passed.take().unsafelyUnwrapped
  }
}
