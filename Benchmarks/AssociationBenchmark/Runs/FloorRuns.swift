import Foundation

/// The floors that need no server, each in its rows.
struct FloorRuns {
  let disk: DiskFloor
  let sqlite: SQLiteFloor
  let redis: RedisFloor
  /// `nil` when nginx is not installed.
  let nginx: NginxFloor?
  /// `nil` when nobody wants to know.
  private let bare: BareFloor?
  private let options: Options
  private var seconds: Double { options.seconds }

  init(folder: String, redis: PrivateRedis, options: Options) throws {
    disk = try DiskFloor(folder: folder)
    sqlite = try SQLiteFloor(folder: folder, rows: options.services)
    self.redis = try RedisFloor(redis: redis, services: options.services)
    nginx = NginxFloor.isInstalled ? try NginxFloor(folder: folder) : nil
    let isWanted = ServerRuns.associations.contains { options.wants("bare-\($0.0)x\($0.1)") }
    bare = isWanted ? try BareFloor(folder: folder, redis: redis) : nil
    self.options = options
  }

  func measure(into results: inout Results) throws {
    if options.wants("fdatasync") {
      progress("floor: disk")
      results.add(
        try disk.measure(seconds: seconds), to: Row(key: "fdatasync", title: "append 4 KiB + fdatasync"))
    }
    for batch in [1, 16, 64, 256, 1024] where options.wants("sqlite-\(batch)") {
      progress("floor: SQLite, \(batch) a commit")
      results.add(
        try sqlite.measure(batch: batch, seconds: seconds),
        to: Row(key: "sqlite-\(batch)", title: "SQLite, \(batch) a commit"))
    }
    for batch in [1, 16, 64] where options.wants("redis-\(batch)") {
      progress("floor: Redis, \(batch) a round trip")
      results.add(
        try redis.measure(.plain, batch: batch, seconds: seconds),
        to: Row(key: "redis-\(batch)", title: "Redis, \(batch) a round trip"))
    }
    if options.wants("redis-guarded-64") {
      results.add(
        try redis.measure(.guarded, batch: 64, seconds: seconds),
        to: Row(
          key: "redis-guarded-64", title: "Redis with guard, 64 a round trip", floors: [("Redis", "redis-64")]
        ))
    }
    if let nginx { try measure(nginx, into: &results) }
    if let bare { try measure(bare, into: &results) }
    try redis.clear()
    try measureWrk(into: &results)
  }

  /// The no-op, and the very bytes of the standard association at each number of connections.
  private func measure(_ nginx: NginxFloor, into results: inout Results) throws {
    if options.wants("nginx-get") {
      progress("floor: nginx, GET")
      let noOperation = try load(
        nginx.port, [nginx.cpu], connections: 64, depth: 1, FixedWorkload(path: "/"))
      results.add(noOperation, to: Row(key: "nginx-get", title: "nginx, GET, 64 connections"))
    }

    let services = Self.services(10_000)
    for (connections, depth, title) in ServerRuns.associations
    where options.wants("nginx-\(connections)x\(depth)") {
      progress("floor: nginx, associate, \(title)")
      let workload = AssociateWorkload(services: services, credentials: ServerUnderTest.credentials)
      results.add(
        try load(nginx.port, [nginx.cpu], connections: connections, depth: depth, workload),
        to: Row(key: "nginx-\(connections)x\(depth)", title: "nginx, associate, \(title)"))
    }
  }

  /// The standard association, stripped to what the machine has to do for it.
  private func measure(_ bare: BareFloor, into results: inout Results) throws {
    let services = Self.services(options.services)
    for (connections, depth, title) in ServerRuns.associations
    where options.wants("bare-\(connections)x\(depth)") {
      progress("floor: bare association, \(title)")
      let workload = AssociateWorkload(services: services, credentials: ServerUnderTest.credentials)
      results.add(
        try load(bare.port, bare.processes, connections: connections, depth: depth, workload),
        to: Row(key: "bare-\(connections)x\(depth)", title: "bare association, \(title)"))
    }
  }

  /// Services that nobody has.
  private static func services(_ count: Int) -> ExpectedServices {
    let services = ExpectedServices()
    for identifier in 1...count { services.add(identifier: UInt64(identifier)) }
    return services
  }

  /// nginx with wrk's requests, for the ratio that wrk sees.
  private func measureWrk(into results: inout Results) throws {
    guard let nginx, WrkRun.isPossible else { return }
    for connections in ServerRuns.wrkConnections where options.wants("wrk-nginx-\(connections)") {
      progress("floor: nginx with wrk, \(connections) connections")
      results.add(
        try WrkRun.measure(
          port: nginx.port, connections: connections, services: 10_000, seconds: seconds,
          watching: [nginx.cpu]),
        to: Row(
          key: "wrk-nginx-\(connections)", title: "nginx, associate, \(connections) connections, wrk"))
    }
  }

  private func load(
    _ port: UInt16, _ processes: [ProcessCPU], connections: Int, depth: Int, _ workload: some Workload
  ) throws -> Measurement {
    let plan = LoadPlan(
      connections: connections, pacing: .closed(depth: depth), warmUp: seconds / 5, measured: seconds)
    return Measurement(
      try LoadGenerator(port: port, plan: plan, workload: workload).run(watching: processes))
  }
}

/// Says on standard error what is being done.
func progress(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
