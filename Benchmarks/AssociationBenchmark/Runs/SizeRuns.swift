import Foundation

/// What an association costs by the number of services: a server and an SQLite floor of each size, one after the other.
struct SizeRuns {
  let options: Options
  let folder: String

  /// The floor commits so many rows at a time.
  static let batch = 64

  func measure(into results: inout Results) throws {
    for size in options.sizes where options.wants("size-\(size)") {
      let folder = "\(folder)/size-\(size)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      try measure(size, folder, into: &results)
    }
  }

  private func measure(_ size: Int, _ folder: String, into results: inout Results) throws {
    progress("sizes: SQLite with \(grouped(Double(size))) services")
    let floor = try SQLiteFloor(folder: folder, rows: size).measure(
      batch: Self.batch, seconds: options.seconds)
    results.add(
      floor,
      to: Row(
        key: "size-sqlite-\(size)", title: "SQLite, \(grouped(Double(size))) services, \(Self.batch) a commit"
      ))

    // What two stores say of a service must not meet in one Redis: a server does without one that is another store's.
    let redis = try PrivateRedis(folder: folder)
    progress("sizes: server with \(grouped(Double(size))) services")
    let server = try ServerUnderTest(
      binary: options.server, folder: folder, redis: redis, loops: options.loops)
    defer { server.end() }
    let services = ExpectedServices()
    _ = try server.explainingFailures { try server.seed(services, count: size) }
    try server.settle()
    let plan = LoadPlan(
      connections: 64, pacing: .closed(depth: 1), warmUp: options.seconds / 5, measured: options.seconds)
    let workload = AssociateWorkload(services: services, credentials: ServerUnderTest.credentials)
    let result = try server.explainingFailures {
      try LoadGenerator(port: server.port, plan: plan, workload: workload).run(watching: [
        server.cpu, redis.cpu,
      ])
    }
    let readBack = ReadBack(server: server, redis: redis, services: services)
    try server.explainingFailures { try readBack.compare(after: result.perSecond) }
    results.add(
      Measurement(result),
      to: Row(
        key: "size-\(size)", title: "associate, \(grouped(Double(size))) services, 64 connections",
        floors: [("SQLite", "size-sqlite-\(size)"), ("100,000 services", "size-100000")]))
    if let memory = server.cpu.memory {
      results.add(Double(memory.resident) / 1e6, toFigure: "resident-megabytes-\(size)")
    }
    server.end()
    let begin = MonotonicClock.now
    let again = try ServerUnderTest(
      binary: options.server, folder: folder, redis: redis, loops: options.loops)
    results.add(Double(MonotonicClock.now - begin) / 1e9, toFigure: "start-seconds-\(size)")
    again.end()
  }
}
