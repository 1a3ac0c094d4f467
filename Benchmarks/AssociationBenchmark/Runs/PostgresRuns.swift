import Foundation

/// Servers on one PostgreSQL and one Redis: how they do beside `pgbench`, how many of them do how much, and what a read from
/// the database costs beside one from Redis.
final class PostgresRuns {
  private static let depths = [1, 16]
  /// How often server and pgbench take turns in a repetition: what the machine does differs from one turn to the next by more
  /// than what is to be told.
  private static let turns = 3
  private static let mostNodes = 3
  private static let schema = "public"

  private let options: Options
  private let redis: PrivateRedis
  private let postgres: PrivatePostgres
  private let floor: PostgresFloor
  private let services = ExpectedServices()
  private var nodes: [ServerUnderTest] = []

  private static var keys: [String] {
    depths.flatMap { ["postgres-64x\($0)", "pgbench-64x\($0)"] }
      + (1...mostNodes).map { "postgres-nodes-\($0)" } + ["postgres-read", "postgres-read-database"]
  }

  /// Starts and seeds what is to be measured; `nil` if PostgreSQL is not installed or nobody wants to know.
  static func make(options: Options, folder: String, results: inout Results) throws -> PostgresRuns? {
    guard keys.contains(where: options.wants) else { return nil }
    guard PrivatePostgres.programs != nil else {
      results.note("postgres", "PostgreSQL is not installed: its rows are left out.")
      return nil
    }
    return try PostgresRuns(options: options, folder: folder)
  }

  private init(options: Options, folder: String) throws {
    self.options = options
    let folder = "\(folder)/postgres"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    redis = try PrivateRedis(folder: folder)
    postgres = try PrivatePostgres(folder: folder, directory: options.directory)
    let wanted = (2...Self.mostNodes).filter { options.wants("postgres-nodes-\($0)") }.max() ?? 1
    for number in 0..<wanted {
      let folder = "\(folder)/node-\(number)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      nodes.append(
        try ServerUnderTest(
          binary: options.server, folder: folder, redis: redis, loops: options.loops,
          store: postgres.connection))
    }
    progress("seeding \(grouped(Double(options.services))) services in PostgreSQL")
    let (first, services) = (nodes[0], services)
    _ = try first.explainingFailures { try first.seed(services, count: options.services) }
    floor = try PostgresFloor(postgres, folder: folder, copying: Self.schema, rows: options.services)
  }

  func measure(into results: inout Results) throws {
    for depth in Self.depths where options.wants("postgres-64x\(depth)") {
      for _ in 0..<Self.turns { try measureBesidePgbench(depth, into: &results) }
    }
    for count in 1...Self.mostNodes where options.wants("postgres-nodes-\(count)") {
      progress("servers on PostgreSQL: \(count)")
      try tidyUp()
      results.add(
        try associate(on: Array(nodes.prefix(count)), depth: 16),
        to: Row(
          key: "postgres-nodes-\(count)",
          title: "associate in PostgreSQL, \(count) \(count == 1 ? "node" : "nodes"), 64 connections × 16",
          floors: count == 1 ? [] : [("one", "postgres-nodes-1")]))
    }
    try measureReads(into: &results)
  }

  /// The server first; then pgbench with as many rows a commit as the server has had.
  private func measureBesidePgbench(_ depth: Int, into results: inout Results) throws {
    let title = depth == 1 ? "64 connections" : "64 connections × \(depth)"
    let (key, floorKey) = ("postgres-64x\(depth)", "pgbench-64x\(depth)")
    progress("server on PostgreSQL: associate, \(title)")
    try tidyUp()
    let first = try newestChange()
    results.add(
      try associate(on: [nodes[0]], depth: depth),
      to: Row(key: key, title: "associate in PostgreSQL, \(title)", floors: [("pgbench", floorKey)]))
    let batch = try rowsOfCommit(after: first)
    progress("floor: pgbench, \(batch) a commit")
    try tidyUp()
    results.add(
      try floor.measure(batch: batch, seconds: options.seconds),
      to: Row(key: floorKey, title: "pgbench, as many rows a commit as \(title) bring"))
    results.add(Double(batch), toFigure: "postgres-batch-\(depth)")
    results.note(
      "postgres-batch-\(depth)",
      "In PostgreSQL, \(title): \(fixed(results.figure("postgres-batch-\(depth)") ?? 0, 0)) rows a commit, of the server and of pgbench."
    )
  }

  /// What is measured begins without what the run before it has put off: dead rows, and pages that are not written yet.
  private func tidyUp() throws { _ = try postgres.query("VACUUM ANALYZE", "CHECKPOINT") }

  private func newestChange() throws -> Int {
    Int(try postgres.query("SELECT last FROM counter WHERE name = 'sequence'")) ?? 0
  }

  private func rowsOfCommit(after sequence: Int) throws -> Int {
    let text = try postgres.query(
      "SELECT greatest(1, round(count(*)::numeric / count(DISTINCT xmin::text))) FROM change WHERE sequence > \(sequence)"
    )
    guard let rows = Int(text) else { throw BenchmarkError.wrongAnswer("rows of a commit: \(text)") }
    return rows
  }

  private func associate(on nodes: [ServerUnderTest], depth: Int) throws -> Measurement {
    let plan = LoadPlan(
      connections: 64, pacing: .closed(depth: depth), warmUp: options.seconds / 5, measured: options.seconds)
    let workload = AssociateWorkload(services: services, credentials: ServerUnderTest.credentials)
    let result = try nodes[0].explainingFailures {
      try LoadGenerator(ports: nodes.map(\.port), plan: plan, workload: workload)
        .run(watching: nodes.map(\.cpu) + [redis.cpu])
    }
    let readBack = ReadBack(server: nodes[nodes.count - 1], redis: redis, services: services)
    try nodes[0].explainingFailures { try readBack.compare(after: result.perSecond) }
    var all = result
    all.watchedCPU = [result.watchedCPU.dropLast().reduce(0, +), result.watchedCPU.last ?? 0]
    return Measurement(all)
  }

  private func measureReads(into results: inout Results) throws {
    for (key, title, headers) in [
      ("postgres-read", "GET /services/{id} from Redis", ""),
      ("postgres-read-database", "GET /services/{id} from PostgreSQL", "Cache-Control: no-cache\r\n"),
    ] where options.wants(key) {
      progress("server on PostgreSQL: \(title)")
      try tidyUp()
      let workload = ReadWorkload(
        services: services, credentials: ServerUnderTest.credentials, headers: headers)
      let plan = LoadPlan(
        connections: 64, pacing: .closed(depth: 1), warmUp: options.seconds / 5, measured: options.seconds)
      let generator = try LoadGenerator(port: nodes[0].port, plan: plan, workload: workload)
      let result = try nodes[0].explainingFailures { try generator.run(watching: [nodes[0].cpu, redis.cpu]) }
      results.add(
        Measurement(result),
        to: Row(
          key: key, title: "\(title), 64 connections",
          floors: key == "postgres-read" ? [] : [("Redis", "postgres-read")]))
      let hits = 100 * Double(generator.workload.hits) / Double(max(1, generator.workload.answers))
      results.note(
        key, "\(title): \(fixed(hits, 1)) % of the answers came from Redis (the last repetition).")
    }
  }

  func end() { for node in nodes { node.end() } }
}
