/// One promise of the benchmark, with what was measured beside it.
struct Target {
  var what: String
  var target: String
  /// `nil` where this run did not measure it.
  var measured: String?
  var floor: String
  var ratio: String
  /// `nil` where this run did not measure it.
  var isMet: Bool?

  /// The targets and how this run did. Those that it missed are shown as missed.
  static func all(_ results: Results) -> [Target] {
    let standard =
      results.repetitions(of: "associate-sustained").isEmpty ? "associate-64x1" : "associate-sustained"
    let howLong = standard == "associate-64x1" ? "" : ", sustained"
    return [
      rate(
        "standard association, 64 connections\(howLong)", standard, atLeast: 51_000, floor: "bare-64x1",
        results),
      cpu("… server CPU of each", standard, atMost: 20, results),
      share("… 256 connections", "associate-256x1", of: "nginx-256x1", "nginx `return 200`", 0.6, results),
      share(
        "… the same with wrk", "wrk-associate-256", of: "wrk-nginx-256", "nginx `return 200`", 0.6, results),
      rate(
        "… 16 deep pipelined, 64 connections", "associate-64x16", atLeast: 120_000, floor: "bare-64x16",
        results),
      share(
        "… with Feedback and Satisfaction", "associate-extensions", of: "associate-64x1", "without", nil,
        results),
      share("bulk, 1,000 a request", "bulk", of: "sqlite-1024", "SQLite, 1,024 a commit", 0.8, results),
      share("GET /health", "health", of: "nginx-get", "nginx `return 200`", 0.9, results),
      share("hot GET /services/{id}", "read", of: "health", "GET /health", 0.7, results),
      latency("open loop at half the peak, p99", "associate-open", \.p99, atMost: 3000, results),
      latency("open loop at half the peak, p99.9", "associate-open", \.p999, atMost: 10_000, results),
      oneConnection(results),
      share(
        "10 million services", "size-10000000", of: "size-sqlite-10000000", "SQLite at 10 million", 0.8,
        results),
      share("… and 100,000", "size-10000000", of: "size-100000", "100,000 services", nil, results),
      figure("start-up at 10 million services", "start-seconds-10000000", atMost: 2, "s", results),
      figure("start-up at 100,000 services", "start-seconds", atMost: 2, "s", results),
      figure("resident at 100,000 services, 64 connections", "resident-megabytes", atMost: 64, "MB", results),
      figure("an idle connection of 10,000", "idle-kibibytes", atMost: 6, "KiB", results),
      agreement(64, results), agreement(256, results),
      cost("an empty loaded plugin that never waits, a call", "plugin-empty-immediate", atMost: 1, results),
      cost("… that gets the answers too", "plugin-empty-two-way", atMost: 1, results),
      cost("… that may wait", "plugin-empty", atMost: 1, results),
      share("in PostgreSQL, 64 connections", "postgres-64x1", of: "pgbench-64x1", "pgbench", 0.8, results),
      share("… 16 deep pipelined", "postgres-64x16", of: "pgbench-64x16", "pgbench", 0.8, results),
      rate("… associations a second", "postgres-64x16", atLeast: 30_000, results),
      share("… two nodes", "postgres-nodes-2", of: "postgres-nodes-1", "one node", nil, results),
      share("… three nodes", "postgres-nodes-3", of: "postgres-nodes-1", "one node", nil, results),
      share(
        "hot GET /services/{id}, read in PostgreSQL", "postgres-read-database", of: "postgres-read",
        "read in Redis", nil, results),
    ]
  }

  private static func rate(
    _ what: String, _ key: String, atLeast least: Double, floor: String? = nil, _ results: Results
  ) -> Target {
    let measured = results.median(key, \.perSecond)
    let bound = floor.flatMap { results.median($0, \.perSecond) }
    return Target(
      what: what, target: "≥ \(grouped(least))/s", measured: measured.map { "\(grouped($0))/s" },
      floor: bound.map { "\(grouped($0))/s (bare)" } ?? "",
      ratio: shown(floor.flatMap { results.ratio(key, to: $0) }), isMet: measured.map { $0 >= least })
  }

  private static func cpu(_ what: String, _ key: String, atMost most: Double, _ results: Results) -> Target {
    let measured = results.median(key, \.cpu)
    return Target(
      what: what, target: "≤ \(fixed(most, 0)) µs", measured: measured.map { "\(fixed($0, 1)) µs" },
      floor: "",
      ratio: "", isMet: measured.map { $0 <= most })
  }

  private static func share(
    _ what: String, _ key: String, of floor: String, _ name: String, _ least: Double?, _ results: Results
  ) -> Target {
    let measured = results.median(key, \.perSecond)
    let bound = results.median(floor, \.perSecond)
    let ratio = results.ratio(key, to: floor)
    let target = least.map { "≥ \(fixed($0, 1)) × \(name)" } ?? "reported, to \(name)"
    var isMet: Bool?
    if let ratio, let least { isMet = ratio >= least }
    return Target(
      what: what, target: target, measured: measured.map { "\(grouped($0))/s" },
      floor: bound.map { "\(grouped($0))/s" } ?? "", ratio: shown(ratio), isMet: isMet)
  }

  private static func latency(
    _ what: String, _ key: String, _ figure: (Measurement) -> Double?, atMost most: Double, _ results: Results
  ) -> Target {
    let measured = results.median(key, figure)
    return Target(
      what: what, target: "≤ \(fixed(most / 1000, 0)) ms",
      measured: measured.map { "\(fixed($0 / 1000, 1)) ms" },
      floor: "", ratio: "", isMet: measured.map { $0 <= most })
  }

  private static func oneConnection(_ results: Results) -> Target {
    let measured = results.median("associate-1x1", \.p50)
    let sync = results.median("fdatasync", \.p50)
    var isMet: Bool?
    if let measured, let sync { isMet = measured <= sync + 200 }
    return Target(
      what: "one connection, one request at a time, p50", target: "≤ fdatasync + 200 µs",
      measured: measured.map { "\(grouped($0)) µs" },
      floor: sync.map { "\(grouped($0)) µs (fdatasync)" } ?? "",
      ratio: shown(results.ratio("associate-1x1", to: "fdatasync", \.p50)), isMet: isMet)
  }

  private static func figure(
    _ what: String, _ key: String, atMost most: Double, _ unit: String, _ results: Results
  ) -> Target {
    let measured = results.figure(key)
    return Target(
      what: what, target: "≤ \(fixed(most, 0)) \(unit)", measured: measured.map { "\(fixed($0, 1)) \(unit)" },
      floor: "", ratio: "", isMet: measured.map { $0 <= most })
  }

  private static func cost(_ what: String, _ key: String, atMost most: Double, _ results: Results) -> Target {
    Target(
      what: what, target: "≤ \(fixed(most, 0)) µs", measured: results.cost(key), floor: "", ratio: "",
      isMet: results.figure(key).map { $0 <= most })
  }

  private static func agreement(_ connections: Int, _ results: Results) -> Target {
    let own = results.median("associate-\(connections)x1", \.perSecond)
    let other = results.median("wrk-associate-\(connections)", \.perSecond)
    let ratio = results.ratio("wrk-associate-\(connections)", to: "associate-\(connections)x1")
    return Target(
      what: "wrk and our generator, \(connections) connections", target: "within 15 %",
      measured: other.map { "\(grouped($0))/s" }, floor: own.map { "\(grouped($0))/s (ours)" } ?? "",
      ratio: shown(ratio), isMet: ratio.map { abs(1 - $0) <= 0.15 * max(1, $0) })
  }

  private static func shown(_ ratio: Double?) -> String { ratio.map { fixed($0, 2) } ?? "" }
}
