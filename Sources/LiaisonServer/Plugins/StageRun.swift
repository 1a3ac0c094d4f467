import ContextModel
import EventLoop
@_spi(Server) import LiaisonKit

/// A task in which a plugin's stage handles one call after the other, and the clock of the call that it has. Belongs to its
/// loop's thread.
final class StageRun: StageClock, @unchecked Sendable {
  private let host: StageHost
  private let executor: MarkedExecutor
  /// Where the host has it.
  var place: Int
  /// The next one without a call, while this one has none; the host has it.
  @exclusivity(unchecked) var nextIdle: Unmanaged<StageRun>?
  /// When the time ends, in the loop's monotonic nanoseconds.
  var due: UInt64 = 0
  /// Whether the time runs.
  var isArmed = false
  /// Its call was answered without it: nobody waits for it, and it will have no other one.
  private(set) var isAbandoned = false
  /// The stages behind have had the call.
  private(set) var hasPassed = false

  @exclusivity(unchecked) private var call: Call?
  /// Who is told what became of the call, once.
  @exclusivity(unchecked) private var reply: ((Result<Reply, any Error>) -> Void)?
  @exclusivity(unchecked) private var waiting: UnsafeContinuation<Void, Never>?
  private var task: Task<Void, Never>?
  /// The stage called `next` too late.
  private var isLate = false

  /// - Parameter rest: what stands behind the stage.
  init(_ host: StageHost, place: Int, before rest: Pipeline) {
    self.host = host
    self.place = place
    executor = host.executor
    super.init(before: rest)
    let next = rest.whole.counted(by: self)
    task = executor.runTask { await self.runAll(before: next) }
  }

  /// Hands a call to the stage: at once, until it has to wait, if it has a place to keep, else in its turn, which comes in this
  /// tick. Tasks that go on one after the other, here and when they are answered, cost a third less than each in the midst of
  /// a request: the code that they need is in the processor's cache.
  func begin(_ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void) {
    begin(call)
    self.reply = reply
    self.call = call
    hasPassed = false
    isLate = false
    guard let waiting else { preconditionFailure("a run has one call after the other") }
    self.waiting = nil
    if call.keepsItsPlace {
      executor.resumeAtOnce(waiting)
    } else {
      waiting.resume()
    }
  }

  /// Lets go of a call whose time is over.
  func abandon() {
    isAbandoned = true
    task?.cancel()
    fail(DeadlinePassed())
  }

  // Of a function that inherits its caller's isolation the runtime is asked once more before each wait whether it runs where it
  // should; this one belongs to no actor, and stays on the task's executor.
  @concurrent private func runAll(before next: Next) async {
    let stage = host.stage
    repeat {
      await withUnsafeContinuation { waiting = $0 }
      guard let call else { preconditionFailure("a run goes on without a call") }
      host.arm(self)
      do {
        succeed(try await stage.handle(call, next: next))
      } catch {
        leave(error)
      }
      if isAbandoned { end(late: call) }
    } while keepsOn()
  }

  // Not inlined: a reply is large, and would lie in the frame of the task.

  /// The stage has answered.
  @inline(never)
  private func succeed(_ answer: consuming Reply) {
    guard !isAbandoned else { return }
    guard host.leave(self), !isLate else { return fail(DeadlinePassed()) }
    self.answer(.success(answer))
  }

  /// The stage has thrown.
  @inline(never)
  private func leave(_ error: any Error) {
    guard !isAbandoned else { return }
    fail(host.leave(self) && !isLate ? error : DeadlinePassed())
  }

  /// Whether the task waits for another call. Only when the former one is done: those who hear of its end may ask for a task.
  private func keepsOn() -> Bool {
    if !isAbandoned, host.keep(self) { return true }
    host.remove(self)
    return false
  }

  private func fail(_ error: any Error) {
    guard let call else { preconditionFailure("a run fails without a call") }
    let hasPassed = hasPassed
    answer(.failure(error is ContextError ? error : host.owner.failed(call, error, hasPassed: hasPassed)))
  }

  /// Lets go of the call.
  private func answer(_ outcome: Result<Reply, any Error>) {
    guard let call = call.take(), let reply = reply.take() else {
      preconditionFailure("a run answers without a call")
    }
    // The stage that keeps it nevertheless still looks at its deadline.
    if !isAbandoned { end(call) }
    reply(outcome)
  }

  // What its `next` asks.

  override var deadline: ContinuousClock.Instant? {
    guard isArmed else { return .now }
    return .now + .nanoseconds(Int64(clamping: due) - Int64(clamping: EventLoop.monotonic()))
  }

  override func passOn() throws {
    guard !isAbandoned else { throw DeadlinePassed() }
    guard host.leave(self) else {
      isLate = true
      throw DeadlinePassed()
    }
    hasPassed = true
  }

  override func goOn() { host.goOn(self) }

  /// On the loop's own account: what the thread does from here on is not the stage's.
  override func run(_ next: Next, _ call: Call) async throws -> Reply {
    try await withTaskExecutorPreference(executor.loop) { try await super.run(next, call) }
  }

  override func failedBehind(_ call: Call, _ error: any Error) -> any Error {
    host.owner.failedBehind(call, error)
  }
}
