import ContextModel
import LiaisonKit
import Synchronization

/// Makes calls of a slowed network wait for their turns, without holding a thread, and counts. Any thread may call.
final class FailureDelay: Sendable {
  private let throttle: FailureThrottle
  private let refusals: Refusals
  private let log: Log
  private let mostWaiting: Int
  private let waiting = Atomic<Int>(0)
  private let failures: Counter
  private let delays: Counter
  private let refused: Counter

  /// - Parameter mostWaiting: how many calls may wait at the same time, for a turn or for a check.
  init(_ throttle: FailureThrottle, _ refusals: Refusals, mostWaiting: Int, _ context: PluginContext) {
    self.throttle = throttle
    self.refusals = refusals
    self.mostWaiting = mostWaiting
    log = context.log
    failures = context.metrics.counter(
      "liaison_authentication_failures_total", help: "Credentials that were wrong.")
    delays = context.metrics.counter(
      "liaison_authentication_delayed_total", help: "Calls that waited for their turn after failures.")
    refused = context.metrics.counter(
      "liaison_authentication_refused_total", help: "Calls refused with 429 after failures.")
  }

  /// Runs what may take long, unless too much of it runs already.
  func waiting<Result>(_ body: () async throws -> Result) async throws -> Result {
    guard waiting.add(1, ordering: .relaxed).newValue <= mostWaiting else {
      waiting.subtract(1, ordering: .relaxed)
      throw refusals.overloaded
    }
    defer { waiting.subtract(1, ordering: .relaxed) }
    return try await body()
  }

  /// Waits for the next turn of a network.
  ///
  /// - Returns: whether there was anything to wait for.
  /// - Throws: 429 if the turn is too far away.
  func turn(of network: ClientNetwork) async throws -> Bool {
    switch throttle.turn(of: network) {
    case .now: return false
    case .later(let milliseconds):
      delays.add()
      try await Task.sleep(for: .milliseconds(milliseconds))
      return true
    case .refused(let seconds):
      refused.add()
      throw refusals.tooManyAttempts(seconds: seconds)
    }
  }

  /// Whether a network is slowed now.
  func isSlowed(_ network: ClientNetwork) -> Bool { throttle.isSlowed(network) }

  /// Counts a wrong credential.
  func recordFailure(of network: ClientNetwork, at address: String) {
    failures.add()
    if throttle.recordFailure(of: network) {
      log.warning("an address is slowed after wrong credentials", ["address": address])
    }
  }
}
