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
      pipeline: ["authentication", "business-attributes", "extension-schemas", "persistence"],
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
        "extension-schemas": { schemas: "on" } } }
    """

  /// Starts the binary with its data below `folder`; returns when it accepts connections.
  init(binary: String, folder: String, redis: PrivateRedis, loops: Int) throws {
    let configuration = "\(folder)/benchmark.json5"
    try Self.configuration.write(toFile: configuration, atomically: true, encoding: .utf8)
    process = try ChildProcess(
      binary,
      [
        "serve", "--listen", "127.0.0.1:0", "--data", "\(folder)/data", "--redis", "unix://\(redis.socket)",
        "--config", configuration, "--loops", "\(loops)",
      ],
      log: "\(folder)/liaison.log")
    let line = try process.waitForLine(containing: "listening on http://", seconds: 30)
    guard let text = line.split(separator: ":").last, let port = UInt16(text.prefix(while: \.isNumber)) else {
      throw BenchmarkError.cannotStart("no port in the server's line: \(line)")
    }
    self.port = port
    cpu = try ProcessCPU(of: process.identifier)
  }

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
