import Foundation

/// The rows of the server, on one server with one set of services.
struct ServerRuns {
  /// Connections and requests in flight on each, and how a title says it. Shared with the nginx floor.
  static let associations = [
    (1, 1, "1 connection"), (16, 1, "16 connections"), (64, 1, "64 connections"), (256, 1, "256 connections"),
    (64, 16, "64 connections × 16"),
  ]
  /// The numbers of connections that wrk repeats.
  static let wrkConnections = [64, 256]
  /// Items of a bulk request, and connections that send them.
  static let bulk = (items: 1000, connections: 4)

  let server: ServerUnderTest
  let redis: PrivateRedis
  let services: ExpectedServices
  let options: Options
  private var seconds: Double { options.seconds }

  init(server: ServerUnderTest, redis: PrivateRedis, services: ExpectedServices, options: Options) {
    self.server = server
    self.redis = redis
    self.services = services
    self.options = options
  }

  func measure(into results: inout Results) throws {
    try measureHealth(into: &results)
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
          floors: [
            ("bare", "bare-\(connections)x\(depth)"), ("SQLite", "sqlite-\(inFlight)"),
            ("nginx", "nginx-\(connections)x\(depth)"),
          ]))
      if depth == 1 { peak = max(peak, measurement.perSecond) }
      if connections == 64, depth == 1, let memory = server.cpu.memory {
        results.add(Double(memory.resident) / 1e6, toFigure: "resident-megabytes")
      }
    }
    // In the state in which our own generator has found the server.
    try measureWrk(into: &results)
    try measureExtensions(into: &results)
    try measureBulk(into: &results)
    try measureReads(into: &results)
    if options.wants("associate-open"), peak > 0 {
      progress("server: associate, open loop at \(grouped(peak / 2))/s")
      try server.settle()
      // As long as it takes to meet what is put off.
      results.add(
        try associate(256, .open(perSecond: peak / 2), seconds: max(seconds, options.sustained)),
        to: Row(key: "associate-open", title: "associate, open loop at half the peak"))
    }
    try measureSustained(into: &results)
    if let memory = server.cpu.memory {
      results.note(
        "memory",
        "Server memory after the runs: \(fixed(Double(memory.resident) / 1e6, 1)) MB resident, "
          + "\(fixed(Double(memory.peak) / 1e6, 1)) MB at most.")
    }
  }

  private func measureHealth(into results: inout Results) throws {
    guard options.wants("health") else { return }
    try server.settle()
    progress("server: GET /health")
    let health = try load(64, .closed(depth: 1), FixedWorkload(path: "/health"), with: [server.cpu])
    results.add(
      Measurement(health.result),
      to: Row(key: "health", title: "GET /health, 64 connections", floors: [("nginx", "nginx-get")]))
  }

  private func measureExtensions(into results: inout Results) throws {
    guard options.wants("associate-extensions") else { return }
    progress("server: associate with Feedback and Satisfaction")
    results.add(
      try associate(64, .closed(depth: 1), extensions: AssociateWorkload.extensions),
      to: Row(
        key: "associate-extensions", title: "associate with Feedback and Satisfaction, 64 connections",
        floors: [("without", "associate-64x1")]))
  }

  private func measureBulk(into results: inout Results) throws {
    guard options.wants("bulk") else { return }
    let (items, connections) = Self.bulk
    progress("server: bulk, \(items) a request")
    let workload = BulkWorkload(
      services: services, items: items, credentials: ServerUnderTest.credentials)
    let result = try load(
      connections, .closed(depth: 1), workload, with: [server.cpu, redis.cpu]
    ).result
    try readBack(result.perSecond * Double(items))
    results.add(
      Measurement(result).times(items),
      to: Row(
        key: "bulk", title: "associations, \(items) a request, \(connections) connections",
        floors: [("SQLite", "sqlite-1024")]))
  }

  private func measureReads(into results: inout Results) throws {
    guard options.wants("read") else { return }
    // What the rows before it have put off is not its own.
    try server.settle()
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

  /// A long run whose time ends when everything is done that the server has put off.
  private func measureSustained(into results: inout Results) throws {
    guard options.sustained > 0, options.wants("associate-sustained") else { return }
    progress("server: associate, 64 connections, \(Int(options.sustained)) s")
    let workload = AssociateWorkload(services: services, credentials: ServerUnderTest.credentials)
    try server.settle()
    let plan = LoadPlan(
      connections: 64, pacing: .closed(depth: 1), warmUp: 0, measured: options.sustained)
    var result = try LoadGenerator(port: server.port, plan: plan, workload: workload)
      .run(watching: [server.cpu, redis.cpu])
    let rest = try server.settle()
    result.seconds += rest.seconds
    result.watchedCPU[0] += rest.cpu
    try readBack(result.perSecond)
    results.add(
      Measurement(result),
      to: Row(
        key: "associate-sustained",
        title: "associate, 64 connections, \(Int(options.sustained)) s and what was put off"))
  }

  private func measureWrk(into results: inout Results) throws {
    guard WrkRun.isPossible else { return }
    for connections in Self.wrkConnections where options.wants("wrk-associate-\(connections)") {
      progress("server: associate with wrk, \(connections) connections")
      let measurement = try WrkRun.measure(
        port: server.port, connections: connections, services: services.count, seconds: seconds,
        watching: [server.cpu, redis.cpu])
      services.forget()
      results.add(
        measurement,
        to: Row(
          key: "wrk-associate-\(connections)", title: "associate, \(connections) connections, wrk",
          floors: [
            ("nginx", "wrk-nginx-\(connections)"), ("our generator", "associate-\(connections)x1"),
          ]))
    }
  }

  /// One run of associations, read back after it.
  private func associate(
    _ connections: Int, _ pacing: LoadPlan.Pacing, extensions: String = "", seconds: Double? = nil
  ) throws -> Measurement {
    let workload = AssociateWorkload(
      services: services, credentials: ServerUnderTest.credentials, extensions: extensions)
    let result = try load(connections, pacing, workload, with: [server.cpu, redis.cpu], seconds).result
    try readBack(result.perSecond)
    return Measurement(result)
  }

  private func readBack(_ perSecond: Double) throws {
    try ReadBack(server: server, redis: redis, services: services).compare(after: perSecond)
  }

  private func load<Traffic: Workload>(
    _ connections: Int, _ pacing: LoadPlan.Pacing, _ workload: Traffic, with processes: [ProcessCPU],
    _ seconds: Double? = nil
  ) throws -> (result: LoadResult, workload: Traffic) {
    let plan = LoadPlan(
      connections: connections, pacing: pacing, warmUp: self.seconds / 5, measured: seconds ?? self.seconds)
    let generator = try LoadGenerator(port: server.port, plan: plan, workload: workload)
    let result = try generator.run(watching: processes)
    return (result, generator.workload)
  }
}
