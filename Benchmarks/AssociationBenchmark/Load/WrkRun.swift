import Foundation

/// The standard association sent by wrk, with the script beside the benchmark: a second opinion on our own generator.
struct WrkRun {
  private static let script = "Benchmarks/wrk/associate.lua"

  /// Whether wrk is installed and its script is where it is looked for: in the package's folder.
  static var isPossible: Bool {
    ChildProcess.find("wrk") != nil && FileManager.default.fileExists(atPath: script)
  }

  /// Runs it against a port of the loopback interface.
  ///
  /// - Parameter processes: those whose CPU time is taken: what is measured and, if at all, Redis.
  static func measure(
    port: UInt16, connections: Int, services: Int, seconds: Double, watching processes: [ProcessCPU]
  ) throws -> Measurement {
    let before = processes.map(\.nanoseconds)
    let begin = MonotonicClock.now
    let whole = max(1, Int(seconds.rounded()))
    let text =
      ChildProcess.printed(
        by: "wrk",
        [
          "-t1", "-c\(connections)", "-d\(whole)s", "--latency", "-s", script, "http://127.0.0.1:\(port)",
          "--",
          "\(services)", "liaison-benchmark-key", "1",
        ]) ?? ""
    let elapsed = Double(MonotonicClock.now - begin) / 1e9
    guard let rate = number(behind: "Requests/sec:", in: text), let p50 = number(behind: "p50 ", in: text),
      let p99 = number(behind: "p99 ", in: text), let p999 = number(behind: "p99.9 ", in: text),
      number(behind: "not 2xx or 3xx:", in: text) == 0, !text.contains("Socket errors")
    else { throw BenchmarkError.wrongAnswer("wrk says:\n\(text)") }
    let answered = rate * min(Double(whole), elapsed)
    let each = zip(processes, before).map { Double($0.nanoseconds - $1) / 1000 / answered }
    return Measurement(
      perSecond: rate, p50: p50, p99: p99, p999: p999, cpu: each.first, redisCPU: each.dropFirst().first)
  }

  private static func number(behind label: String, in text: String) -> Double? {
    guard let range = text.range(of: label) else { return nil }
    return Double(text[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber || $0 == "." })
  }
}
