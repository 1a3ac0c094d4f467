import Foundation

/// The rows of the server, on one server with one set of services.
struct ServerRuns {
  /// Connections and requests in flight on each, and how a title says it. Shared with the nginx floor.
  static let associations = [
    (1, 1, "1 connection"), (16, 1, "16 connections"), (64, 1, "64 connections"), (256, 1, "256 connections"),
    (64, 16, "64 connections × 16"),
  ]

  let server: ServerUnderTest
  let redis: PrivateRedis
  let services: ExpectedServices
  let options: Options
  private var seconds: Double { options.seconds }

  func measure(into results: inout Results) throws {
    if options.wants("health") {
      progress("server: GET /health")
      let health = try load(64, .closed(depth: 1), FixedWorkload(path: "/health"), with: [server.cpu])
      let healthRow = Row(
        key: "health", title: "GET /health, 64 connections", floors: [("nginx", "nginx-get")])
      results.add(Measurement(health.result), to: healthRow)
    }

    var peak = 0.0
    for (connections, depth, title) in Self.associations
    where options.wants("associate-\(connections)x\(depth)") {
      progress("server: associate, \(title)")
      let measurement = try associate(connections, .closed(depth: depth))
      let inFlight = connections * depth
      results.add(
        measurement,
        to: Row(
          key: "associate-\(connections)x\(depth)", title: "associate, \(title)",
          floors: [("SQLite", "sqlite-\(inFlight)"), ("nginx", "nginx-\(connections)x\(depth)")]))
      if depth == 1 { peak = max(peak, measurement.perSecond) }
    }

    if options.wants("read") {
      progress("server: GET /services/{id}")
      let reads = ReadWorkload(services: services, credentials: ServerUnderTest.credentials)
      let read = try load(64, .closed(depth: 1), reads, with: [server.cpu, redis.cpu])
      results.add(
        Measurement(read.result),
        to: Row(key: "read", title: "GET /services/{id}, 64 connections", floors: [("/health", "health")]))
      let hits = 100 * Double(read.workload.hits) / Double(max(1, read.workload.answers))
      results.note(
        "hits",
        "GET /services/{id}: \(fixed(hits, 1)) % of the answers came from Redis (the last repetition).")
    }

    if options.wants("associate-open"), peak > 0 {
      progress("server: associate, open loop at \(grouped(peak / 2))/s")
      results.add(
        try associate(256, .open(perSecond: peak / 2)),
        to: Row(key: "associate-open", title: "associate, open loop at half the peak"))
    }

    if let memory = server.cpu.memory {
      results.note(
        "memory",
        "Server memory after the runs: \(fixed(Double(memory.resident) / 1e6, 1)) MB resident, "
          + "\(fixed(Double(memory.peak) / 1e6, 1)) MB at most.")
    }
  }

  /// One run of associations, read back after it.
  private func associate(_ connections: Int, _ pacing: LoadPlan.Pacing) throws -> Measurement {
    let workload = AssociateWorkload(services: services, credentials: ServerUnderTest.credentials)
    let result = try load(connections, pacing, workload, with: [server.cpu, redis.cpu]).result
    let compared = try ReadBack(server: server, redis: redis, services: services).compare(sample: 500)
    progress("  \(grouped(result.perSecond))/s; \(compared) acknowledged services read back, all as expected")
    return Measurement(result)
  }

  private func load<Traffic: Workload>(
    _ connections: Int, _ pacing: LoadPlan.Pacing, _ workload: Traffic, with processes: [ProcessCPU]
  ) throws -> (result: LoadResult, workload: Traffic) {
    let plan = LoadPlan(connections: connections, pacing: pacing, warmUp: seconds / 5, measured: seconds)
    let generator = try LoadGenerator(port: server.port, plan: plan, workload: workload)
    let result = try generator.run(watching: processes)
    return (result, generator.workload)
  }
}
