import Foundation

/// Floors and the server in one run. See Benchmarks/README.md.
@main
struct Benchmark {
  static func main() {
    CleanUp.install()
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      if arguments.first == BareFloor.verb, arguments.count == 3 {
        return try BareServer(folder: arguments[1], redis: arguments[2]).run()
      }
      guard !arguments.contains("--help") else { return print(Options.help) }
      try run(Options(arguments))
      CleanUp.run()
    } catch {
      CleanUp.run()
      FileHandle.standardError.write(Data("AssociationBenchmark: \(error)\n".utf8))
      if case BenchmarkError.usage = error { exit(2) }
      exit(1)
    }
  }

  private static func run(_ options: Options) throws {
    if options.write { try Report.checkReadme() }
    IdleConnections.raiseLimit()
    let folder = try temporaryFolder(in: options.directory)
    let machine = MachineDescription(folder: folder)
    let redis = try PrivateRedis(folder: folder)
    let floors = try FloorRuns(folder: folder, redis: redis, options: options)
    var results = Results()
    if floors.nginx == nil { results.note("nginx", "nginx is not installed: its rows are left out.") }

    let server =
      options.floorsOnly ? nil : try startServer(options, folder: folder, redis: redis, results: &results)
    let plugins =
      options.floorsOnly
      ? nil : try PluginRuns(options: options, folder: folder, results: &results)
    let postgres =
      options.floorsOnly ? nil : try PostgresRuns.make(options: options, folder: folder, results: &results)
    // Every repetition measures all rows, so that a change of the machine's speed meets floors and server
    // alike.
    for repetition in 1...options.repetitions {
      progress("repetition \(repetition) of \(options.repetitions)")
      try floors.measure(into: &results)
      try server?.server.explainingFailures { try server?.measure(into: &results) }
      try plugins?.measure(into: &results)
      try postgres?.measure(into: &results)
    }
    plugins?.end()
    postgres?.end()

    if let server { try finish(server.server, options, folder: folder, redis: redis, results: &results) }
    if !options.floorsOnly {
      try SizeRuns(options: options, folder: folder).measure(into: &results)
    }

    let report = Report(results: results, machine: machine, options: options)
    print(report.text)
    if options.write { try report.write() }
  }

  private static func startServer(
    _ options: Options, folder: String, redis: PrivateRedis, results: inout Results
  ) throws -> ServerRuns {
    let server = try ServerUnderTest(
      binary: options.server, folder: folder, redis: redis, loops: options.loops)
    let services = ExpectedServices()
    try server.explainingFailures { try server.createSchemas() }
    progress("seeding \(grouped(Double(options.services))) services")
    let seeding = try server.explainingFailures { try server.seed(services, count: options.services) }
    results.note(
      "seeding",
      "Seeding, POST /services/start 32 deep on 16 connections: \(grouped(seeding.perSecond))/s, "
        + "\(fixed(seeding.microsecondsEach(seeding.watchedCPU[0]), 1)) µs of server CPU each.")
    return ServerRuns(server: server, redis: redis, services: services, options: options)
  }

  /// What is measured once: the start on the data that is there, and resting connections.
  private static func finish(
    _ server: ServerUnderTest, _ options: Options, folder: String, redis: PrivateRedis, results: inout Results
  ) throws {
    guard options.wants("idle") || options.wants("start") else { return }
    progress("server: start on \(grouped(Double(options.services))) services")
    server.end()
    let begin = MonotonicClock.now
    let again = try ServerUnderTest(
      binary: options.server, folder: folder, redis: redis, loops: options.loops)
    results.add(Double(MonotonicClock.now - begin) / 1e9, toFigure: "start-seconds")
    progress("server: \(grouped(Double(idleConnections))) idle connections")
    try again.explainingFailures {
      try again.settle()
      let before = again.cpu.memory?.resident ?? 0
      let idle = try IdleConnections(port: again.port, count: idleConnections)
      let after = again.cpu.memory?.resident ?? 0
      results.add(Double(after - before) / Double(idleConnections) / 1024, toFigure: "idle-kibibytes")
      withExtendedLifetime(idle) {}
    }
    again.end()
  }

  private static let idleConnections = 10_000

  private static func temporaryFolder(in directory: String) throws -> String {
    var template = Array("\(directory)/liaison-benchmark-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw BenchmarkError.cannotStart("no temporary folder in \(directory): \(errorText(errno))")
    }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    CleanUp.add(folder: folder)
    return folder
  }
}
