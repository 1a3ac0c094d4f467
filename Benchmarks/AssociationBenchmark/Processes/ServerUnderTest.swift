import Foundation

/// The server's release binary on a free port of the loopback interface, with everything on that the standard
/// association asks for: a bearer key, a mapped business attribute, schemas, full durability, Redis. Ends
/// with this object.
final class ServerUnderTest {
  let port: UInt16
  let cpu: ProcessCPU
  private let process: ChildProcess

  /// The header line that every request carries. The key is no secret: it opens a server that lives for
  /// minutes, on loopback, with made-up data.
  static let credentials = "Authorization: Bearer liaison-benchmark-key\r\n"

  private static let configuration = """
    {
      http: { "max-connections": 20000 },
      PLUGIN
      store: { durability: "full" },
      plugins: {
        authentication: {
          keys: [ {
            name: "benchmark", roles: ["read", "write", "schema"],
            sha256: "b93654216cc19161ced5a271031bc2192b487f9ede8b5f7c140f55ba57c80eee" } ] },
        "business-attributes": {
          attributes: [ {
            name: "MediaType", dbid: 118, display_name: "Media Type", description: "How customers reach us",
            values: [
              { name: "voice", dbid: 1, display_name: "Voice", description: "Telephone" },
              { name: "email", dbid: 2, display_name: "E-mail", description: "Electronic mail" },
              { name: "chat", dbid: 3, display_name: "Chat", description: "Web chat" } ] } ],
          "Service.media_type": "MediaType" },
        "extension-schemas": { schemas: "on" }, SETTINGS } }
    """

  /// The library of `EmptyPlugin`, to be loaded.
  struct EmptyPlugin {
    let library: String
    /// In which of its forms.
    let form: String
  }

  private static func configuration(with plugin: EmptyPlugin?) -> String {
    let stages = #""authentication", "business-attributes", "extension-schemas""#
    var pipeline = #"pipeline: [\#(stages), "persistence"],"#
    var settings = ""
    if let plugin {
      pipeline =
        #"libraries: ["\#(plugin.library)"], pipeline: [\#(stages), "empty-plugin", "persistence"],"#
      settings = #""empty-plugin": { form: "\#(plugin.form)" }"#
    }
    return configuration.replacingOccurrences(of: "PLUGIN", with: pipeline)
      .replacingOccurrences(of: "SETTINGS", with: settings)
  }

  /// Starts the binary with its data below `folder`; returns when it accepts connections.
  ///
  /// - Parameters:
  ///   - plugin: `nil` for none.
  ///   - store: the PostgreSQL that has its data; `nil` for the folder itself.
  init(
    binary: String, folder: String, redis: PrivateRedis, loops: Int, plugin: EmptyPlugin? = nil,
    store: String? = nil
  ) throws {
    let configuration = "\(folder)/benchmark.json5"
    try Self.configuration(with: plugin).write(toFile: configuration, atomically: true, encoding: .utf8)
    process = try ChildProcess(
      binary,
      [
        "serve", "--listen", "127.0.0.1:0", "--data", "\(folder)/data", "--redis", "unix://\(redis.socket)",
        "--config", configuration, "--loops", "\(loops)",
      ] + (store.map { ["--store", $0] } ?? []),
      log: "\(folder)/liaison.log")
    port = try process.waitForPort()
    cpu = try ProcessCPU(of: process.identifier)
  }

  /// Creates the schemas of the second workload.
  func createSchemas() throws {
    let schemas = [
      #"{"name":"Feedback","type":"single-valued","attributes":[{"name":"rating","type":"integer","mandatory":true},"#
        + #"{"name":"notes","type":"string","length":255}]}"#,
      #"{"name":"Satisfaction","type":"multi-valued","unique":["place"],"attributes":["#
        + #"{"name":"rating","type":"integer","mandatory":true},{"name":"pertinence","type":"integer"},"#
        + #"{"name":"usefull","type":"integer"},{"name":"place","type":"string","length":64}]}"#,
    ]
    for schema in schemas {
      let workload = PostWorkload(
        path: "/metadata/services/extensions", body: schema, expecting: 201, credentials: Self.credentials)
      let plan = LoadPlan(connections: 1, pacing: .closed(depth: 1), warmUp: 0, measured: 10)
      _ = try LoadGenerator(port: port, plan: plan, workload: workload).run()
    }
  }

  /// Waits until the server does nothing any more: until everything that it has put off is done. A list of interactions is read
  /// from the tables: its answer comes when these have everything.
  ///
  /// - Returns: how long that took, in seconds, and the CPU time that it cost, in nanoseconds.
  @discardableResult
  func settle() throws -> (seconds: Double, cpu: UInt64) {
    let begin = MonotonicClock.now
    let first = cpu.nanoseconds
    let plan = LoadPlan(connections: 1, pacing: .closed(depth: 1), warmUp: 0, measured: 300)
    let list = CollectWorkload(paths: ["/customers/nobody/interactions"], credentials: Self.credentials)
    guard try LoadGenerator(port: port, plan: plan, workload: list).run().answered == 1 else {
      throw BenchmarkError.tooSlow("what was put off took more than 300 s")
    }
    var busyUntil = begin
    var last = first
    while MonotonicClock.now - busyUntil < 400_000_000, MonotonicClock.now - begin < 120_000_000_000 {
      usleep(50_000)
      let used = cpu.nanoseconds
      // A loop's timers alone take less than a hundredth of a processor.
      if used - last > 1_000_000 { busyUntil = MonotonicClock.now }
      last = used
    }
    return (Double(busyUntil - begin) / 1e9, last - first)
  }

  /// Ends it, data and all but the process stay.
  func end() { process.end() }

  /// Runs `body`, and when it fails says how the server's log ends.
  func explainingFailures<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      if !process.logTail.isEmpty { progress("the server's log ends with:\n\(process.logTail)") }
      throw error
    }
  }

  /// Starts `count` services through the API.
  func seed(_ services: ExpectedServices, count: Int) throws -> LoadResult {
    let plan = LoadPlan(connections: 16, pacing: .closed(depth: 32), warmUp: 0, measured: 600)
    let workload = StartWorkload(services: services, count: count, credentials: Self.credentials)
    let result = try LoadGenerator(port: port, plan: plan, workload: workload).run(watching: [cpu])
    guard services.count == count else { throw BenchmarkError.tooSlow("seeding took over 600 s") }
    return result
  }
}
