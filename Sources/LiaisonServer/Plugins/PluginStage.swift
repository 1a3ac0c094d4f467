import ContextModel
import EventLoop
@_spi(Server) import LiaisonKit

/// A stage that is not the server's own. It runs in tasks of its own, so that a call which it keeps beyond its budget is
/// answered with a 504 even if it never returns; what it throws beside answers is a 500 that names the plugin.
final class PluginStage: TaskedStage {
  let name: String
  let budget: Duration
  let stage: any Middleware
  /// How often the stage has blocked its loop.
  let blocks: Counter
  private let word: String
  private let log: Log
  private let failures: Counter
  private let timeouts: Counter
  /// By the loop's index. Set before the loops' threads are started.
  nonisolated(unsafe) private var hosts: [StageHost] = []

  init(_ plugin: any Plugin, budget: Duration, log: Log, metrics: MetricsRegistry) {
    name = type(of: plugin).name
    stage = plugin.middleware
    self.log = log
    word = name.withUnderscores
    self.budget = budget
    failures = metrics.counter(
      "liaison_\(word)_failures_total", help: "Calls that the plugin \(name) failed.")
    timeouts = metrics.counter(
      "liaison_\(word)_timeouts_total", help: "Calls that the plugin \(name) kept beyond its budget.")
    blocks = metrics.counter(
      "liaison_\(word)_blocks_total", help: "How often the plugin \(name) blocked an event loop.")
  }

  /// Lets it run on loops, whose index is their place. Called once, before the loops' threads are started.
  func attach(to loops: [EventLoop], mark: UInt16) {
    hosts = loops.map {
      StageHost(self, budget: budget, on: MarkedExecutor(loop: $0, mark: mark), log: log)
    }
  }

  func handle(_ call: Call, next: Next) async throws -> Reply {
    try await withUnsafeThrowingContinuation { continuation in
      begin(call, next: next, rest: nil) { continuation.resume(with: $0) }
    }
  }

  func begin(
    _ call: Call, next: Next, rest: Pipeline, _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) {
    begin(call, next: next, rest: rest as Pipeline?, reply)
  }

  private func begin(
    _ call: Call, next: Next, rest: Pipeline?, _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) {
    hosts[EventLoop.required(by: "a plugin's stage").index].begin(call, next, rest, reply)
  }

  /// What the client hears of what the stage did wrong.
  @inline(never)
  func failed(_ call: Call, _ error: any Error, hasPassed: Bool = false) -> ContextError {
    guard !(error is DeadlinePassed) else { return kept(call, hasPassed) }
    failures.add()
    log.error(
      "the plugin failed a call",
      ["operation": call.operation.rawValue, "request": call.requestID, "error": "\(error)"])
    return ContextError(
      status: 500, code: "\(word)_failed",
      message: "The plugin \(name) failed; the server's log tells more of request \(call.requestID).")
  }

  private func kept(_ call: Call, _ hasPassed: Bool) -> ContextError {
    timeouts.add()
    log.warning(
      hasPassed ? "the plugin kept an answer too long" : "the plugin kept a call too long",
      ["operation": call.operation.rawValue, "request": call.requestID, "budget": "\(budget)"])
    guard !hasPassed else {
      return ContextError(
        status: 504, code: "\(word)_answer_timed_out",
        message: "The call was handled, but the plugin \(name) took too long with its answer.")
    }
    return ContextError(
      status: 504, code: "\(word)_timed_out", message: "The plugin \(name) took too long; nothing was done.")
  }
}

/// The stage of a plugin that seldom has to wait: it lets calls pass without a task.
final class ImmediatePluginStage: ImmediateMiddleware {
  private let general: PluginStage
  private let stage: any ImmediateMiddleware
  private let mark: UInt16
  /// Nanoseconds, with those by which the clock that is read may be behind.
  private let budget: UInt64

  init(_ general: PluginStage, _ stage: any ImmediateMiddleware, mark: UInt16) {
    self.general = general
    self.stage = stage
    self.mark = mark
    budget = general.budget.nanoseconds &+ EventLoop.coarseness
  }

  func admit(_ call: Call) throws -> Bool {
    let loop = EventLoop.required(by: "a plugin's stage")
    let start = loop.nearlyNow
    loop.mark.enter(mark)
    defer { loop.mark.leave() }
    do {
      let isAdmitted = try stage.admit(call)
      if loop.nearlyNow - start > budget { throw DeadlinePassed() }
      return isAdmitted
    } catch let error as ContextError {
      throw error
    } catch {
      throw general.failed(call, error)
    }
  }

  func handle(_ call: Call, next: Next) async throws -> Reply {
    try await general.handle(call, next: next)
  }
}
