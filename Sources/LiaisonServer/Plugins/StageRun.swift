import ContextModel
import EventLoop
@_spi(Server) import LiaisonKit

/// A task in which a plugin's stage handles one call after the other, and the clock of the call that it has. Belongs to its
/// loop's thread.
final class StageRun: StageClock, @unchecked Sendable {
  /// Lives as long as the server.
  private unowned(unsafe) let host: StageHost
  /// When the time ends, in the loop's monotonic nanoseconds.
  var due: UInt64 = 0
  /// The neighbours in the host's list, while it is in it.
  unowned(unsafe) var older: StageRun?
  unowned(unsafe) var newer: StageRun?
  var isArmed = false
  /// Its call was answered without it: nobody waits for it, and it will have no other one.
  private(set) var isAbandoned = false
  /// The stages behind have had the call.
  private(set) var hasPassed = false

  private var work: (call: Call, next: Next)?
  /// Who is told what became of the call, once.
  private var reply: ((Result<Reply, any Error>) -> Void)?
  private var waiting: UnsafeContinuation<Void, Never>?
  private var task: Task<Void, Never>?
  /// The stage called `next` too late.
  private var isLate = false

  init(_ host: StageHost) {
    self.host = host
    super.init()
    task = host.executor.runTask { await self.runAll() }
  }

  /// Hands a call to the stage, which runs until it has to wait.
  ///
  /// - Parameter rest: the same as `next`, for calls that need not wait.
  func begin(
    _ call: Call, _ next: Next, _ rest: Pipeline?, _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) {
    self.rest = rest
    self.reply = reply
    call.clock = self
    work = (call, next)
    hasPassed = false
    isLate = false
    host.arm(self)
    resume(waiting.take().unsafelyUnwrapped)
  }

  /// Lets go of a call whose time is over.
  func abandon() {
    isAbandoned = true
    task?.cancel()
    finish(.failure(DeadlinePassed()))
  }

  private func runAll() async {
    while true {
      await withUnsafeContinuation { waiting = $0 }
      guard let (call, next) = work else { preconditionFailure("a run goes on without a call") }
      let result: Result<Reply, any Error>
      do {
        result = .success(try await host.stage.handle(call, next: next.counted(by: self)))
      } catch {
        result = .failure(error)
      }
      guard !isAbandoned else { return }
      let isKept = host.leave(self) && !isLate
      finish(isKept ? result : .failure(DeadlinePassed()))
      // Only now: what `finish` does may ask for a task.
      guard host.keep(self) else { return }
    }
  }

  private func finish(_ outcome: Result<Reply, any Error>) {
    let call = work.take().unsafelyUnwrapped.call
    let reply = reply.take().unsafelyUnwrapped
    call.clock = nil
    switch outcome {
    case .success, .failure(is ContextError): reply(outcome)
    case .failure(let error): reply(.failure(host.owner.failed(call, error, hasPassed: hasPassed)))
    }
  }

  // What its `next` asks.

  override var deadline: ContinuousClock.Instant? {
    guard isArmed else { return isAbandoned ? .now : nil }
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

  override func resume(_ task: UnsafeContinuation<Void, Never>) { host.executor.resumeAtOnce(task) }

  override func failedBehind(_ call: Call, _ error: any Error) -> any Error {
    host.log.labelled("").error(
      "a call failed",
      ["operation": call.operation.rawValue, "request": call.requestID, "error": "\(error)"])
    return ContextError.internalError("The server failed; its log tells more of request \(call.requestID).")
  }
}
