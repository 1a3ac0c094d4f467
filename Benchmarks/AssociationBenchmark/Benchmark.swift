import Foundation

/// Floors and the server in one run. See Benchmarks/README.md.
@main
struct Benchmark {
  static func main() {
    CleanUp.install()
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
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
    let folder = try temporaryFolder(in: options.directory)
    let machine = MachineDescription(folder: folder)
    let redis = try PrivateRedis(folder: folder)
    let floors = try FloorRuns(folder: folder, redis: redis, options: options)
    var results = Results()
    if floors.nginx == nil { results.note("nginx", "nginx is not installed: its rows are left out.") }

    let server =
      options.floorsOnly ? nil : try startServer(options, folder: folder, redis: redis, results: &results)
    // Every repetition measures all rows, so that a change of the machine's speed meets floors and server
    // alike.
    for repetition in 1...options.repetitions {
      progress("repetition \(repetition) of \(options.repetitions)")
      try floors.measure(into: &results)
      try server?.server.explainingFailures { try server?.measure(into: &results) }
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
    progress("seeding \(grouped(Double(options.services))) services")
    let seeding = try server.explainingFailures { try server.seed(services, count: options.services) }
    results.note(
      "seeding",
      "Seeding, POST /services/start 32 deep on 16 connections: \(grouped(seeding.perSecond))/s, "
        + "\(fixed(seeding.microsecondsEach(seeding.watchedCPU[0]), 1)) µs of server CPU each.")
    return ServerRuns(server: server, redis: redis, services: services, options: options)
  }

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
