import Foundation
import LiaisonKit
import Testing

@testable import LiaisonServer

@Suite struct ServerConfigurationTests {
  private func configuration(
    _ text: String? = nil, environment: [String: String] = [:], flags: [(option: String, text: String)] = []
  ) throws -> ServerConfiguration {
    guard let text else { return try ServerConfiguration(file: nil, environment: environment, flags: flags) }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json5")
    try text.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try ServerConfiguration(file: file.path, environment: environment, flags: flags)
  }

  private func refusal(_ text: String) -> ConfigurationError? {
    do {
      _ = try configuration(text)
      return nil
    } catch {
      return error as? ConfigurationError
    }
  }

  @Test func `without a file everything has a default`() throws {
    let configuration = try configuration()
    #expect(configuration.listen.description == "127.0.0.1:8080")
    #expect(configuration.redis == nil)
    #expect(configuration.pipeline == ServerConfiguration.defaultPipeline)
    #expect(configuration.http.maxBody == 1 << 20)
  }

  @Test func `the file is JSON5`() throws {
    let configuration = try configuration(
      "{ // a comment\n listen: '127.0.0.1:9000', loops: 3, http: { 'max-body': 2048, }, }")
    #expect(configuration.listen.description == "127.0.0.1:9000")
    #expect(configuration.loops == 3)
    #expect(configuration.http.maxBody == 2048)
  }

  @Test func `flags win over the environment and the environment over the file`() throws {
    let text = "{ loops: 1, data: 'file', http: { 'max-body': 2048, 'max-head': 4096 } }"
    let configuration = try configuration(
      text,
      environment: ["LIAISON_LOOPS": "2", "LIAISON_DATA": "environment", "LIAISON_HTTP_MAX_BODY": "3000"],
      flags: [("loops", "3")])
    #expect(configuration.loops == 3)
    #expect(configuration.data == "environment")
    #expect(configuration.http.maxBody == 3000)
    #expect(configuration.http.maxHead == 4096)
  }

  @Test func `Redis may be given in short`() throws {
    #expect(try configuration("{ redis: 'unix:///tmp/x.sock' }").redis != nil)
    #expect(
      try configuration("{ redis: { url: 'redis://127.0.0.1:6379', wait: '20ms' } }").cache.wait
        == .milliseconds(20))
    #expect(try configuration("{ redis: 'redis://h:1' }", environment: ["LIAISON_REDIS": "off"]).redis == nil)
  }

  @Test(arguments: [
    ("{ lisen: 'x' }", "lisen"),
    ("{ http: { 'max-bodi': 5 } }", "http.max-bodi"),
    ("{ http: { 'max-body': 'large' } }", "http.max-body"),
    ("{ http: { 'max-body': 0 } }", "http.max-body"),
    ("{ http: { 'idle-timeout': '5 parsecs' } }", "http.idle-timeout"),
    ("{ http: [] }", "http"),
    ("{ listen: 'nowhere' }", "listen"),
    ("{ loops: -1 }", "loops"),
    ("{ loops: 1.5 }", "loops"),
    ("{ redis: 'http://x' }", "redis.url"),
    ("{ store: { durability: 'perhaps' } }", "store.durability"),
    ("{ pipeline: 'persistence' }", "pipeline"),
    ("{ log: { level: 'loud' } }", "log.level"),
    ("{ 'base-path': 'no slash' }", "base-path"),
  ])
  func `a bad key or value is refused by its whole name`(text: String, key: String) {
    #expect(refusal(text)?.key == key)
  }

  @Test func `a file that is not JSON5 is refused by its name`() {
    #expect(refusal("{ listen: ")?.description.contains(".json5") == true)
    #expect(refusal("[]")?.description.contains("object") == true)
  }
}
