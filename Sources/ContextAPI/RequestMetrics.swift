import Glibc
import LiaisonKit

/// Requests by operation and status, and how long they took. One per loop, so that loops do not share cache lines;
/// any thread may read.
final class RequestMetrics: Sendable {
  /// The statuses that are told apart; any other is counted as 0.
  static let statuses = [
    0, 200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409, 410, 411, 412, 413, 414, 417, 422, 429,
    431, 500, 501, 503, 504, 505,
  ]
  private static let indices: [Int] = (0..<600).map { statuses.firstIndex(of: $0) ?? 0 }

  /// One operation's numbers.
  struct Row: Sendable {
    let counts = statuses.map { _ in Counter() }
    let latency = Histogram.latency()
  }

  let rows: [Row]

  /// - Parameter count: how many operations `record` knows by their numbers.
  init(rows count: Int) { rows = (0..<count).map { _ in Row() } }

  /// Counts an answer.
  ///
  /// - Parameter start: when the request was taken up, in monotonic nanoseconds.
  func record(_ row: Int, status: Int, start: UInt64) {
    rows[row].counts[Self.indices[min(max(status, 0), 599)]].add()
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    rows[row].latency.record(Int(truncatingIfNeeded: (now &- start) / 1000))
  }
}

extension MetricsRegistry {
  /// Registers the requests of all loops.
  ///
  /// - Parameter labels: the operations' names in the order of their rows.
  func register(_ loops: [RequestMetrics], labels: [String]) {
    register("liaison_requests_total", .counter, help: "Requests by operation and status.") { writer in
      for (row, label) in labels.enumerated() {
        for (index, status) in RequestMetrics.statuses.enumerated() {
          let count = loops.reduce(0) { $0 + $1.rows[row].counts[index].value }
          if count > 0 { writer.sample(count, ["operation": label, "status": "\(status)"]) }
        }
      }
    }
    register(
      "liaison_request_duration_seconds", .histogram,
      help: "Time from taking a request up to handing its answer to the connection."
    ) { writer in
      for (row, label) in labels.enumerated() {
        let sum = Histogram.latency()
        for loop in loops { sum.add(loop.rows[row].latency) }
        if sum.count > 0 { writer.histogram(sum, ["operation": label]) }
      }
    }
  }
}
