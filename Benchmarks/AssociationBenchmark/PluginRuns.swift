import Foundation

/// What an empty loaded plugin costs in each of the two forms that stages have: three servers, measured by turns.
final class PluginRuns {
  private let options: Options
  private struct Subject {
    let key: String
    /// Its own: what two stores say of a service must not meet in one Redis.
    let redis: PrivateRedis
    let server: ServerUnderTest
    let services: ExpectedServices
  }

  private var subjects: [Subject] = []

  /// Services of each server.
  private static let count = 10_000
  private static let titles = [
    "plugin-without": "associate, 64 connections × 16, no plugin",
    "plugin-empty": "associate, 64 connections × 16, an empty loaded plugin",
    "plugin-empty-immediate": "associate, 64 connections × 16, an empty immediate plugin",
  ]
  private static let forms = [
    "plugin-empty": "An empty loaded plugin", "plugin-empty-immediate": "One that never waits",
  ]

  /// Starts and seeds the servers; none if the plugin's library is not there or nobody wants to know.
  init(options: Options, folder: String, results: inout Results) throws {
    self.options = options
    guard Self.forms.keys.contains(where: options.wants) else { return }
    guard access(options.plugin, R_OK) == 0 else {
      results.note("plugin", "The empty plugin is not built: its rows are left out.")
      return
    }
    typealias EmptyPlugin = ServerUnderTest.EmptyPlugin
    let plugins: [(String, EmptyPlugin?)] = [
      ("plugin-without", nil), ("plugin-empty", EmptyPlugin(library: options.plugin)),
      ("plugin-empty-immediate", EmptyPlugin(library: options.plugin, isImmediate: true)),
    ]
    for (key, plugin) in plugins where plugin == nil || options.wants(key) {
      let folder = "\(folder)/\(key)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let redis = try PrivateRedis(folder: folder)
      let server = try ServerUnderTest(
        binary: options.server, folder: folder, redis: redis, loops: options.loops, plugin: plugin)
      let services = ExpectedServices()
      _ = try server.explainingFailures { try server.seed(services, count: Self.count) }
      subjects.append(Subject(key: key, redis: redis, server: server, services: services))
    }
  }

  func measure(into results: inout Results) throws {
    for subject in subjects {
      let (key, server) = (subject.key, subject.server)
      progress("server: \(Self.titles[key] ?? key)")
      try server.settle()
      let plan = LoadPlan(
        connections: 64, pacing: .closed(depth: 16), warmUp: options.seconds / 5, measured: options.seconds)
      let workload = AssociateWorkload(services: subject.services, credentials: ServerUnderTest.credentials)
      let result = try server.explainingFailures {
        try LoadGenerator(port: server.port, plan: plan, workload: workload)
          .run(watching: [server.cpu, subject.redis.cpu])
      }
      let floors = key == "plugin-without" ? [] : [("without", "plugin-without")]
      results.add(
        Measurement(result), to: Row(key: key, title: Self.titles[key] ?? key, floors: floors))
    }
    guard let without = results.median("plugin-without", \.cpu) else { return }
    for (key, form) in Self.forms.sorted(by: { $0.key < $1.key }) {
      guard let with = results.median(key, \.cpu) else { continue }
      results.note(key, "\(form) costs \(fixed(with - without, 2)) µs of server CPU a call.")
    }
  }

  func end() { for subject in subjects { subject.server.end() } }
}
