import ContextModel

/// Counts the time that a stage keeps a call, and takes the call on from it. The server's part of ``Next``; belongs to the
/// call's loop.
@_spi(Server) open class StageClock: @unchecked Sendable {
  /// What stands behind the stage.
  private let rest: Pipeline
  /// The task of the stage, which waits in `next`; it keeps this object alive.
  @exclusivity(unchecked) private final var waiting: UnsafeContinuation<Void, Never>?
  /// What became of the call in `next`. Not handed over by the continuation, which would copy it more than once.
  @exclusivity(unchecked) private final var passed: Result<Reply, any Error>?
  /// What a stage behind has to wait for: it and those behind it are for the task of this one.
  @exclusivity(unchecked) private final var left: Next?
  /// The same for every call: to make one for each would be an allocation.
  private let answered: (Result<Reply, any Error>) -> Void

  /// A clock that does not run.
  ///
  /// - Parameter rest: what stands behind the stage.
  public init(before rest: Pipeline) {
    self.rest = rest
    let ear = Ear()
    answered = { outcome in ear.clock.unsafelyUnwrapped._withUnsafeGuaranteedRef { $0.hear(outcome) } }
    ear.clock = .passUnretained(self)
  }

  /// Where ``answered`` finds its clock, which cannot be captured before it is made. The clock has it and lives at least as long.
  private final class Ear {
    @exclusivity(unchecked) var clock: Unmanaged<StageClock>?
  }

  // Methods: other modules would ask the runtime whether they may access the properties.

  /// A call has come to the stage.
  public final func begin(_ call: Call) { call.clock = self }

  /// The stage is done with its call.
  public final func end(_ call: Call) { call.clock = nil }

  /// The stage is done with a call that was answered without it, and that other stages may have by now.
  public final func end(late call: Call) {
    if call.clock === self { call.clock = nil }
  }

  /// Until when the stage may keep the call.
  open var deadline: ContinuousClock.Instant? { nil }

  /// The stage calls `next`.
  ///
  /// - Throws: ``DeadlinePassed``: the stages behind do not see the call.
  open func passOn() throws {}

  /// `next` is about to return to the stage.
  open func goOn() {}

  /// Runs what stands behind the stage and has to wait, in the task of the stage.
  open func run(_ next: Next, _ call: Call) async throws -> Reply { try await next.handle(call) }

  /// A stage behind has thrown what is no answer.
  ///
  /// - Returns: what `next` throws.
  open func failedBehind(_ call: Call, _ error: any Error) -> any Error { error }

  /// Takes a call from the stage, and hands back what becomes of it. Inlined: it needs no frame of its own.
  @inline(__always)
  final func pass(_ call: Call, to next: Next) async throws -> Reply {
    try take(call, to: next)
    if left != nil {
      await wait(for: call)
    } else if passed == nil {
      await withUnsafeContinuation { waiting = $0 }
    }
    return try handBack(call)
  }

  // Not inlined: a reply would lie in the frame of the task, more than once.

  /// The stages behind have answered.
  private final func hear(_ outcome: Result<Reply, any Error>) {
    passed = outcome
    guard let waiting else { return }
    self.waiting = nil
    waiting.resume()
  }

  /// Takes a call as far as it goes without the stage's task.
  @inline(never)
  private final func take(_ call: Call, to next: Next) throws {
    try passOn()
    call.lastStage = next.index
    call.clock = nil
    do { left = try rest.begin(call, answered) } catch { passed = .failure(error) }
  }

  /// Runs what has to wait in the stage's task.
  @inline(never)
  private final func wait(for call: Call) async {
    let next = left.take().unsafelyUnwrapped
    do { passed = .success(try await run(next, call)) } catch { passed = .failure(error) }
  }

  @inline(never)
  private final func handBack(_ call: Call) throws -> Reply {
    call.clock = self
    goOn()
    switch passed.take().unsafelyUnwrapped {
    case .success(let reply): return reply
    case .failure(let error): throw error is ContextError ? error : failedBehind(call, error)
    }
  }
}
