import LiaisonKit
import Testing

@testable import LiaisonServer

@Suite struct PipelineAssemblyTests {
  /// Does nothing but be there.
  struct Idle: Plugin, Middleware {
    static let name = "idle"
    let pace: Int
    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      pace = try configuration.integer("pace", in: 1...9, default: 1)
    }
    func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
  }

  private func assemble(
    _ pipeline: [String], plugins: [String: ConfigurationValue] = [:],
    budgets: [String: ConfigurationValue] = [:]
  ) throws(ConfigurationError) -> PipelineAssembly {
    let values: [String: ConfigurationValue] = [
      "pipeline": .array(pipeline.map { .string($0) }), "plugins": .object(plugins),
      "budgets": .object(budgets),
    ]
    let configuration = try ServerConfiguration(values: values, directory: ".")
    return try PipelineAssembly(configuration, additional: [Idle.self]) { _ in .forChecking(configuration) }
  }

  @Test func `stages stand in the order of the configuration`() throws {
    let plugins = try assemble(["extension-schemas", "idle", "authentication", "persistence"]).plugins
    #expect(plugins.map { type(of: $0).name } == ["extension-schemas", "idle", "authentication"])
  }

  @Test func `two plugins of one name are refused, and one with the name of a stage of the server's`() throws
  {
    struct Other: Plugin, Middleware {
      static let name = "authentication"
      init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {}
      func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
    }
    let configuration = try ServerConfiguration(values: [:], directory: ".")
    for plugins: [any Plugin.Type] in [[Idle.self, Idle.self], [Other.self]] {
      let error = #expect(throws: ConfigurationError.self) {
        try PipelineAssembly(configuration, additional: plugins) { _ in .forChecking(configuration) }
      }
      #expect(error.map { "\($0)".contains(plugins[0].name) } == true)
    }
  }

  /// A call then meets nothing of what watches plugins: no task, no clock, no mark.
  @Test func `a plugin that is known but not in the pipeline is not made, and no call passes it`() throws {
    let without = try assemble(["authentication", "persistence"], plugins: ["idle": .object([:])])
    #expect(without.plugins.map { type(of: $0).name } == ["authentication"])
    #expect(without.pluginStages.isEmpty && without.contexts.count == 1)
    #expect(without.stages.count == 1 && without.stages[0] is any ImmediateMiddleware)
    let with = try assemble(["authentication", "idle", "persistence"])
    #expect(with.pluginStages.count == 1 && with.stages.count == 2 && with.stages[1] is PluginStage)
  }

  @Test func `the budget of a plugin that was taken out of the pipeline is kept, one of nobody is refused`()
    throws
  {
    #expect(try assemble(["persistence"], budgets: ["idle": .string("1s")]).pluginStages.isEmpty)
    for name in ["nobody", "authentication"] {
      let error = #expect(throws: ConfigurationError.self) {
        try assemble(["authentication", "persistence"], budgets: [name: .string("1s")])
      }
      #expect(error?.key == "budgets.\(name)")
    }
  }

  @Test func `a check finds two plugins that have a metric of one name`() throws {
    struct Other: Plugin, Middleware {
      static let name = "other"
      init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
        for name in ["liaison_idle_failures_total", "liaison_other_calls_total"] {
          _ = context.metrics.counter(name, help: "Calls.")
        }
      }
      func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
    }
    func check(_ pipeline: [String]) throws {
      let values = ["pipeline": ConfigurationValue.array(pipeline.map { .string($0) })]
      try Server.check(ServerConfiguration(values: values, directory: "."), [Idle.self, Other.self])
    }
    try check(["other", "persistence"])
    let error = #expect(throws: ConfigurationError.self) { try check(["idle", "other", "persistence"]) }
    #expect(error?.description.contains("liaison_idle_failures_total") == true)
  }

  @Test func `a check finds a metric that has the name of one of the server's`() throws {
    struct Shadow: Plugin, Middleware {
      static let name = "shadow"
      init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
        _ = context.metrics.counter(try configuration.string("metric") ?? "", help: "Calls.")
      }
      func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
    }
    func check(_ metric: String, redis: String = "off") throws {
      let values: [String: ConfigurationValue] = [
        "pipeline": .array([.string("shadow"), .string("persistence")]),
        "plugins": .object(["shadow": .object(["metric": .string(metric)])]),
        "redis": .object(["url": .string(redis)]),
      ]
      try Server.check(ServerConfiguration(values: values, directory: "."), [Shadow.self])
    }
    try check("liaison_shadow_calls_total")
    // It is the server's only where there is a Redis.
    try check("liaison_redis_up")
    for metric in [
      "liaison_requests_total", "liaison_services_expired_total", "liaison_store_up", "liaison_redis_up",
    ] {
      let error = #expect(throws: ConfigurationError.self) { try check(metric, redis: "redis://localhost") }
      #expect(error?.message.contains("the plugin shadow registers the metric \(metric),") == true)
    }
  }

  /// Opens sections in sections.
  struct Deep: Plugin, Middleware {
    static let name = "deep"
    init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
      _ = try configuration.section("pauses").integer("first", in: 1...9)
      _ = try configuration.section("pauses").integer("last", in: 1...9)
      for rule in try configuration.sections("rules") {
        _ = try rule.string("name")
        _ = try rule.section("limits").section("hard").integer("most", in: 1...9)
      }
      _ = configuration.value("raw")
    }
    func handle(_ call: Call, next: Next) async throws -> Reply { try await next(call) }
  }

  private func check(deep values: ConfigurationValue) throws {
    let all: [String: ConfigurationValue] = [
      "pipeline": .array([.string("deep"), .string("persistence")]), "plugins": .object(["deep": values]),
    ]
    try Server.check(ServerConfiguration(values: all, directory: "."), [Deep.self])
  }

  @Test func `a key that a plugin does not read is refused at any depth, with what is known there`() throws {
    func rule(_ hard: ConfigurationValue) -> ConfigurationValue {
      .object(["rules": .array([.object([:]), .object(["limits": .object(["hard": hard])])])])
    }
    let refused: [(ConfigurationValue, String)] = [
      (
        .object(["pauses": .object(["first": .integer(1), "lats": .integer(1)])]),
        "plugins.deep.pauses.lats: is not a known option; known here: first, last"
      ),
      (
        .object(["rules": .array([.object(["nam": .string("a")])])]),
        "plugins.deep.rules[0].nam: is not a known option; known here: limits, name"
      ),
      (
        rule(.object(["mots": .integer(1)])),
        "plugins.deep.rules[1].limits.hard.mots: is not a known option; known here: most"
      ),
    ]
    for (values, line) in refused {
      let error = #expect(throws: ConfigurationError.self) { try check(deep: values) }
      #expect(error?.description == line)
    }
  }

  @Test func `what a plugin reads is taken: in pieces, in lists, and as a raw value`() throws {
    try check(
      deep: .object([
        "pauses": .object(["first": .integer(1), "last": .integer(2)]),
        "rules": .array([
          .object(["name": .string("a"), "limits": .object(["hard": .object(["most": .integer(1)])])])
        ]),
        "raw": .object(["any": .object(["thing": .integer(1)])]),
      ]))
  }

  @Test(arguments: [
    ["authentication"], ["persistence", "idle"], ["idle", "idle", "persistence"], ["nobody", "persistence"],
    [],
  ])
  func `a pipeline that cannot work is refused`(pipeline: [String]) {
    #expect(throws: ConfigurationError.self) { try assemble(pipeline) }
  }

  @Test func `a plugin's option is read and an unknown one is named`() throws {
    let plugins = try assemble(["idle", "persistence"], plugins: ["idle": .object(["pace": .integer(4)])])
      .plugins
    #expect((plugins[0] as? Idle)?.pace == 4)
    do {
      _ = try assemble(["idle", "persistence"], plugins: ["idle": .object(["pase": .integer(4)])])
      Issue.record("an unknown option was accepted")
    } catch {
      #expect(error.key == "plugins.idle.pase")
    }
    do {
      _ = try assemble(["persistence"], plugins: ["nobody": .object([:])])
      Issue.record("options of an unknown plugin were accepted")
    } catch {
      #expect(error.key == "plugins.nobody")
    }
  }
}
