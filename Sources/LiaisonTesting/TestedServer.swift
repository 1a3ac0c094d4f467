import Foundation
public import LiaisonKit
import LiaisonServer

/// A server with plugins under test. Each ``test(_:_:)`` starts one of its own on an empty store in a temporary folder,
/// runs a closure with a client, and ends it.
///
/// ```swift
/// let server = TestedServer(plugins: [CenterStamp.self], configuration: """
///   { plugins: { "center-stamp": { text: "Lisbon" } } }
///   """)
///
/// @Test func everyAnswerIsMarked() async throws {
///   try await server.test(.pipeline) { client in
///     let started = try await client.post("/services/start", #"{ "contact_key": "+15550100" }"#)
///     #expect(started.status == 201)
///     #expect(started.headers["X-CenterStamp"] == "Lisbon")
///   }
/// }
/// ```
///
/// The server is the whole one: what a client sends is parsed, goes through every stage, is written durably to a real
/// store and answered. Redis is off unless the configuration says otherwise.
public struct TestedServer: Sendable {
  private let plugins: [any Plugin.Type]
  private let configuration: String

  /// A server by its plugins.
  ///
  /// - Parameters:
  ///   - plugins: built in, as an executable of your own has them.
  ///   - configuration: the text of a configuration file (JSON5). Without `pipeline` the plugins stand in their order
  ///     behind `authentication`; without `log` only warnings and errors are logged; `data` and `listen` are the test's
  ///     own. Relative paths start from the temporary folder.
  public init(plugins: [any Plugin.Type], configuration: String = "{}") {
    self.plugins = plugins
    self.configuration = configuration
  }

  /// Where a test's calls go.
  public enum Way: Sendable {
    /// Into a server of this process through pairs of sockets: no port is opened. The fastest.
    case pipeline
    /// To a server of this process through a free port of 127.0.0.1, as clients reach it.
    case live
    /// To a server that is running already, such as `http://127.0.0.1:8080`: nothing is started, the plugins and the
    /// configuration are that server's, and so is what its store has.
    case at(String)
  }

  /// Runs `body` with a client.
  ///
  /// - Returns: what `body` returns.
  /// - Throws: ``LiaisonKit/ConfigurationError`` for a bad configuration, ``LiaisonServer/StartupError`` for a plugin that does not
  ///   start, and what `body` throws.
  @discardableResult
  public func test<Result>(
    _ way: Way, _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    switch way {
    case .at(let address): return try await body(TestClient(.address(try ServerAddress(address))))
    case .pipeline:
      return try await withServer(hasAddress: false) { server in
        let connector = server.connector
        return try await body(TestClient(.connector(connector)))
      }
    case .live:
      return try await withServer(hasAddress: true) { server in
        try await body(TestClient(.address(try ServerAddress("http://\(server.address)"))))
      }
    }
  }

  private func withServer<Result>(
    hasAddress: Bool, _ body: (Server) async throws -> Result
  ) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("liaison-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let server = try Server(
      settings(in: folder.path), additional: plugins, hasAddress: hasAddress)
    let result: Swift.Result<Result, any Error>
    do {
      try await server.start()
      result = .success(try await body(server))
    } catch {
      result = .failure(error)
    }
    await server.stop()
    return try result.get()
  }

  private func settings(in folder: String) throws(ConfigurationError) -> ServerConfiguration {
    let pipeline = ServerConfiguration.defaultPipeline
    let names = pipeline.prefix(1) + plugins.map { $0.name } + pipeline.dropFirst()
    return try ServerConfiguration(
      text: configuration,
      defaults: [
        "pipeline": .array(names.map(ConfigurationValue.string)), "loops": .integer(1),
        "log": .object(["level": .string("warning")]),
      ],
      fixed: ["listen": .string("127.0.0.1:0"), "data": .string(folder + "/data")], directory: folder)
  }
}
