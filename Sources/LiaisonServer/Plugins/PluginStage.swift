import ContextModel
import LiaisonKit

/// A stage that is not the server's own: what it throws beside answers is a 500 that names the plugin, and a call that
/// it passes on, or answers itself, later than its budget allows is a 504 for which nothing is written.
struct PluginStage: Middleware {
  private let name: String
  private let word: String
  private let budget: Duration
  private let timeouts: Counter
  private let stage: any Middleware
  private let log: Log
  private let failures: Counter

  init(_ plugin: any Plugin, budget: Duration, log: Log, metrics: MetricsRegistry) {
    name = type(of: plugin).name
    stage = plugin.middleware
    self.log = log
    word = name.replacing("-", with: "_")
    self.budget = budget
    failures = metrics.counter(
      "liaison_\(word)_failures_total", help: "Calls that the plugin \(name) failed.")
    timeouts = metrics.counter(
      "liaison_\(word)_timeouts_total", help: "Calls that the plugin \(name) kept beyond its budget.")
  }

  func handle(_ call: Call, next: Next) async throws -> Reply {
    call.deadline = .now + budget
    do {
      let reply = try await stage.handle(call, next: next)
      // Still set: the stage answers itself.
      if let deadline = call.deadline {
        call.deadline = nil
        guard ContinuousClock.now < deadline else { throw DeadlinePassed() }
      }
      return reply
    } catch let error as ContextError {
      call.deadline = nil
      throw error
    } catch {
      throw failed(call, error)
    }
  }

  @inline(never)
  private func failed(_ call: Call, _ error: any Error) -> ContextError {
    call.deadline = nil
    if error is DeadlinePassed {
      timeouts.add()
      log.warning(
        "the plugin kept a call too long",
        ["operation": call.operation.rawValue, "request": call.requestID, "budget": "\(budget)"])
      return ContextError(
        status: 504, code: "\(word)_timed_out", message: "The plugin \(name) took too long; nothing was done."
      )
    }
    failures.add()
    log.error(
      "the plugin failed a call",
      ["operation": call.operation.rawValue, "request": call.requestID, "error": "\(error)"])
    return ContextError(
      status: 500, code: "\(word)_failed",
      message: "The plugin \(name) failed; the server's log tells more of request \(call.requestID).")
  }
}
