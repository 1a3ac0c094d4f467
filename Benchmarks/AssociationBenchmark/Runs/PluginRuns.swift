import Foundation

/// What an empty loaded plugin costs a call in each of the forms that stages have: servers that differ in nothing else,
/// measured in short slices by turns. The machine's speed changes more between two runs of seconds than what is to be
/// measured; between a slice and the next one it hardly does. So each slice is compared with that of the same round.
final class PluginRuns {
  /// One server with its load.
  private struct Subject {
    let kind: Kind
    /// Its own: what two stores say of a service must not meet in one Redis.
    let redis: PrivateRedis
    let server: ServerUnderTest
    let services: ExpectedServices
  }

  private enum Kind: CaseIterable {
    case without
    /// Like the first one in everything: what it seems to cost is the error of the measurement.
    case control
    case empty
    case immediate
    case twoWay

    var key: String {
      switch self {
      case .without: "plugin-without"
      case .control: "plugin-control"
      case .empty: "plugin-empty"
      case .immediate: "plugin-empty-immediate"
      case .twoWay: "plugin-empty-two-way"
      }
    }

    var title: String {
      let what =
        switch self {
        case .without: "no plugin"
        case .control: "no plugin, a second server"
        case .empty: "an empty plugin that may wait"
        case .immediate: "an empty immediate plugin"
        case .twoWay: "an empty two-way plugin"
        }
      return "GET /services/{id}, \(PluginRuns.connections) connections, \(what)"
    }

    /// How the sentence on its cost begins.
    var subject: String {
      switch self {
      case .without: ""
      case .control: "Between two servers without a plugin the same measurement finds"
      case .empty: "An empty loaded plugin that may wait costs"
      case .immediate: "One that never waits costs"
      case .twoWay: "One that never waits and gets the answers too costs"
      }
    }
  }

  private let options: Options
  private var subjects: [Subject] = []
  private var round = 0

  /// Services of each server.
  private static let count = 10_000
  private static let connections = 64
  /// Rounds a repetition; in each of them every server has one slice.
  private static let rounds = 24
  /// Seconds of a slice, after a quarter of them that is not counted.
  private static let slice = 0.05

  /// Starts and seeds the servers; none if the plugin's library is not there or nobody wants to know.
  init(options: Options, folder: String, results: inout Results) throws {
    self.options = options
    guard Kind.allCases.contains(where: { options.wants($0.key) }) else { return }
    guard access(options.plugin, R_OK) == 0 else {
      results.note("plugin", "The empty plugin is not built: its rows are left out.")
      return
    }
    for kind in Kind.allCases where kind == .without || options.wants(kind.key) {
      subjects.append(try subject(kind, folder: "\(folder)/\(kind.key)"))
    }
  }

  private func subject(_ kind: Kind, folder: String) throws -> Subject {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let plugin: ServerUnderTest.EmptyPlugin? =
      switch kind {
      case .without, .control: nil
      case .empty: .init(library: options.plugin, form: "handle")
      case .immediate: .init(library: options.plugin, form: "admit")
      case .twoWay: .init(library: options.plugin, form: "both-ways")
      }
    let redis = try PrivateRedis(folder: folder)
    let server = try ServerUnderTest(
      binary: options.server, folder: folder, redis: redis, loops: options.loops, plugin: plugin)
    let services = ExpectedServices()
    return try server.explainingFailures {
      _ = try server.seed(services, count: Self.count)
      try server.settle()
      return Subject(kind: kind, redis: redis, server: server, services: services)
    }
  }

  /// Connects to a server, for one repetition: until the next one it would close what is idle.
  private func connect(to subject: Subject) throws -> LoadGenerator<ReadWorkload> {
    let plan = LoadPlan(
      connections: Self.connections, pacing: .closed(depth: 1), warmUp: Self.slice / 4, measured: Self.slice)
    let reads = ReadWorkload(services: subject.services, credentials: ServerUnderTest.credentials)
    return try LoadGenerator(port: subject.server.port, plan: plan, workload: reads)
  }

  func measure(into results: inout Results) throws {
    guard !subjects.isEmpty else { return }
    progress("server: an empty loaded plugin, by turns with none")
    let generators = try subjects.map(connect)
    var sums = [LoadResult?](repeating: nil, count: subjects.count)
    for _ in 0..<(options.quick ? 2 : Self.rounds) {
      var costs = [Double](repeating: 0, count: subjects.count)
      for place in order() {
        let subject = subjects[place]
        let slice = try subject.server.explainingFailures {
          try generators[place].run(watching: [subject.server.cpu, subject.redis.cpu])
        }
        costs[place] = slice.microsecondsEach(slice.watchedCPU[0])
        sums[place] = sums[place].map { $0 + slice } ?? slice
      }
      for place in subjects.indices.dropFirst() {
        results.add(costs[place] - costs[0], toFigure: subjects[place].kind.key)
      }
    }
    for (subject, sum) in zip(subjects, sums) {
      guard let sum else { continue }
      let floors = subject.kind == .without ? [] : [("without", Kind.without.key)]
      results.add(
        Measurement(sum), to: Row(key: subject.kind.key, title: subject.kind.title, floors: floors))
    }
    for subject in subjects.dropFirst() {
      guard let cost = results.cost(subject.kind.key) else { continue }
      results.note(subject.kind.key, "\(subject.kind.subject) \(cost) of server CPU a call.")
    }
  }

  /// Which server has its slice first, and which ones follow: another order in each round, and each place as often as the others.
  private func order() -> [Int] {
    defer { round += 1 }
    let first = round % subjects.count
    let order = Array(subjects.indices[first...]) + Array(subjects.indices[..<first])
    return round / subjects.count % 2 == 0 ? order : order.reversed()
  }

  func end() { for subject in subjects { subject.server.end() } }
}
