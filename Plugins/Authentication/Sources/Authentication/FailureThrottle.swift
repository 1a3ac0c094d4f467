import LiaisonKit
import Synchronization

/// Slows those who guess: after a number of failures, the attempts of a network get their turn one after the other,
/// each further failure doubling the distance between them. Bounded in networks. Any thread may ask.
final class FailureThrottle: Sendable {
  /// The section `failures` of the configuration.
  struct Options: Sendable {
    /// How many failures cost nothing.
    var free = 5
    /// The first distance between two attempts; doubled by every failure.
    var delay = Duration.milliseconds(250)
    /// The longest distance, and the longest that a call waits.
    var longestDelay = Duration.seconds(5)
    /// After how long without failures a network is forgotten.
    var memory = Duration.seconds(900)
    /// How many networks are kept in mind.
    var addresses = 10_000
  }

  /// When an attempt has its turn.
  enum Turn: Equatable {
    /// Now.
    case now
    /// After that many milliseconds.
    case later(Int64)
    /// Not within the longest delay: try again in so many seconds.
    case refused(seconds: Int)
  }

  private struct Record {
    var failures = 0
    var lastFailure = MonotonicTime.now
    var lastTurn = MonotonicTime.now
  }

  private let options: Options
  private let records: Mutex<RecentTable<ClientNetwork, Record>>

  init(_ options: Options) {
    self.options = options
    records = Mutex(RecentTable(limit: options.addresses))
  }

  /// Gives the next attempt of a network its turn.
  func turn(of network: ClientNetwork) -> Turn {
    let now = MonotonicTime.now
    return records.withLock { records in
      guard var record = current(network, now, &records), record.failures >= options.free else { return .now }
      let distance = distance(after: record.failures)
      let turn = max(now, record.lastTurn) + distance
      let wait = turn.milliseconds - now.milliseconds
      guard wait <= options.longestDelay.milliseconds else {
        return .refused(seconds: Int((wait + 999) / 1000))
      }
      record.lastTurn = turn
      records[network] = record
      return .later(wait)
    }
  }

  /// Whether the attempts of a network have to wait for their turns.
  func isSlowed(_ network: ClientNetwork) -> Bool {
    let now = MonotonicTime.now
    return records.withLock { records in
      (current(network, now, &records)?.failures ?? 0) >= options.free
    }
  }

  /// Counts a failure.
  ///
  /// - Returns: whether the network is slowed from here on and was not before.
  func recordFailure(of network: ClientNetwork) -> Bool {
    let now = MonotonicTime.now
    return records.withLock { records in
      var record = current(network, now, &records) ?? Record()
      record.failures += 1
      record.lastFailure = now
      records[network] = record
      return record.failures == options.free
    }
  }

  private func current(
    _ network: ClientNetwork, _ now: MonotonicTime, _ records: inout RecentTable<ClientNetwork, Record>
  ) -> Record? {
    guard let record = records[network] else { return nil }
    guard now < record.lastFailure + options.memory.milliseconds else {
      records[network] = nil
      return nil
    }
    return record
  }

  private func distance(after failures: Int) -> Int64 {
    let doublings = min(failures - options.free, 32)
    let distance = options.delay.milliseconds.multipliedReportingOverflow(by: 1 << doublings)
    return distance.overflow
      ? options.longestDelay.milliseconds : min(distance.partialValue, options.longestDelay.milliseconds)
  }
}
