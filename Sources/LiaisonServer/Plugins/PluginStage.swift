import ContextAPI
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
  @exclusivity(unchecked) nonisolated(unsafe) private var hosts: [StageHost] = []

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
      StageHost(self, budget: budget, on: MarkedExecutor(loop: $0, mark: mark))
    }
  }

  func handle(_ call: Call, next: Next) async throws -> Reply {
    try await withUnsafeThrowingContinuation { continuation in
      host.begin(call, before: Pipeline(next)) { continuation.resume(with: $0) }
    }
  }

  func begin(
    _ call: Call, before rest: Pipeline, _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) {
    host.begin(call, before: rest, reply)
  }

  /// That of the thread's loop.
  private var host: StageHost { hosts[EventLoop.requiredIndex(by: "a plugin's stage")] }

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

  /// What the stage hears of what stages behind it have thrown: that which is no answer is not its own doing.
  @inline(never)
  func failedBehind(_ call: Call, _ error: any Error) -> ContextError {
    ContextError(error, of: call, log.labelled(""))
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
