import ContextModel
import JSON
import LiaisonKit
import Testing

@testable import ExtensionSchemas

@Suite struct ExtensionDefaultTests {
  private func passed(_ body: String, _ configuration: String = "{}") async throws -> [String] {
    let call = try Call.event(body)
    try await SchemaStage.make(configuration).handle(call)
    return (call.event?.extensions ?? []).map {
      "\($0.name)=\(String(decoding: $0.value.text, as: UTF8.self))"
    }
  }

  @Test func `defaults are filled in where an attribute is absent or null, mandatory or not`() async throws {
    let records = """
      [{"a":1},{"b":"q","c":2},{"c":null,"a":null},{}]
      """
    let filled = """
      [{"a":1,"b":"x\\"y","c":1.5},{"b":"q","c":2},{"a":null,"b":"x\\"y","c":1.5},{"b":"x\\"y","c":1.5}]
      """
    #expect(try await passed(#"{ "Defaults": \#(records) }"#) == ["Defaults=\(filled)"])
  }

  @Test func `a value that needs no default is the one that was sent`() async throws {
    let call = try Call.event(#"{ "Defaults": [{"b":"q","c":2}], "Feedback": {"rating":1} }"#)
    let before = call.event!.extensions
    try await SchemaStage.make().handle(call)
    for (sent, kept) in zip(before, call.event!.extensions) {
      #expect(sent.value.isSamePlace(as: kept.value))
    }
  }

  @Test func `records are compared by their values, defaults filled in`() async throws {
    let same = [
      (#"{"d":1}"#, #"{"d":1.0}"#), (#"{"d":0}"#, #"{"d":-0.0}"#), (#"{"s":"z"}"#, "{}"),
      (#"{"t":"2026-01-01T00:00:00Z"}"#, #"{"t":"2026-01-01T01:00:00.000+01:00"}"#),
      (#"{"m":1.5}"#, #"{"m":"1.50"}"#), (#"{"m":"-0.10"}"#, #"{"m":-0.1}"#), (#"{"m":"0"}"#, #"{"m":"-0"}"#),
      (#"{"m":"999999999999999.9999"}"#, #"{"m":"999999999999999.9999"}"#),
      (#"{"s":"ä"}"#, #"{"s":"\u00e4"}"#),
    ]
    for (one, other) in same {
      let body = #"{ "Unique": [{"d":77},\#(one),{"d":78},\#(other)] }"#
      let error = try #require(await SchemaStage.make().refusal(of: try .event(body)), "\(one) \(other)")
      #expect(error.field == "Unique[3]" && error.message.contains("as record 1"))
    }
    let different = [
      (#"{"d":1}"#, #"{"d":1.0000001}"#), (#"{"d":0}"#, "{}"), (#"{"s":"null"}"#, "{}"),
      (#"{"t":"2026-01-01T00:00:00Z"}"#, #"{"t":"2026-01-01T00:00:00.001Z"}"#),
      (#"{"m":"999999999999999.9999"}"#, #"{"m":"999999999999999.9998"}"#), (#"{"m":"1"}"#, #"{"m":"-1"}"#),
      (#"{"s":"ä"}"#, #"{"s":"a\u0308"}"#), (#"{"d":1,"m":2}"#, #"{"d":2,"m":1}"#),
    ]
    for (one, other) in different {
      #expect(try await passed(#"{ "Unique": [\#(one),\#(other)] }"#).count == 1, "\(one) \(other)")
    }
  }

  @Test func `a large set is checked quickly, its last record too`() async throws {
    let records = (0..<20_000).map { #"{"rating":\#($0),"place":"x"}"# }.joined(separator: ",")
    let time = try await ContinuousClock().measure {
      #expect(try await passed(#"{ "Satisfaction": [\#(records)] }"#).count == 1)
      let twice = #"{ "Satisfaction": [\#(records),{"rating":3,"place":"x"}] }"#
      let error = try await SchemaStage.make().refusal(of: try .event(twice))
      #expect(error?.field == "Satisfaction[20000]" && error?.message.contains("as record 3;") == true)
    }
    // Comparing all pairs would take minutes.
    #expect(time < .seconds(20))
  }

  @Test func `a short body cannot blow up through defaults`() async throws {
    let long = String(repeating: "x", count: 1000)
    let stage = try SchemaStage.make(#"{ "max-extension": 65536 }"#)
    stage.context.schemas.add(
      try SchemaStage.schema("Long", "multi-valued", #"[{"name":"a","type":"string","default":"\#(long)"}]"#),
      to: .service, of: .single)
    func body(_ count: Int) -> String {
      #"{ "Long": [\#(Array(repeating: "{}", count: count).joined(separator: ","))] }"#
    }
    #expect(try await stage.handle(.event(body(60))).status == 200)
    let error = try #require(await stage.refusal(of: try .event(body(70))))
    #expect(error.code == "extension_violation" && error.field == "Long")
  }

  @Test(arguments: [
    #"{"Anything":[1,{"a":null}],"feedback":"x"}"#, #"{"VIP":false}"#, #"{"Satisfaction":[{},{}]}"#,
  ])
  func `with schemas off any JSON goes unchanged`(_ body: String) async throws {
    let extensions = try await passed(body, #"{ "schemas": "off" }"#)
    #expect(
      "{"
        + extensions.map { #"""# + $0.replacing("=", with: #"":"#, maxReplacements: 1) }.joined(
          separator: ",") + "}" == body)
  }

  @Test(arguments: [
    (#"{ "schema": "on" }"#, "schema"), (#"{ "schemas": true }"#, "schemas"),
    (#"{ "schemas": "maybe" }"#, "schemas"),
    (#"{ "max-extension": 10 }"#, "max-extension"), (#"{ "max-extension": "1M" }"#, "max-extension"),
  ])
  func `a bad value stops the start and is named`(_ configuration: String, _ name: String) {
    #expect(
      configurationError(ExtensionSchemasPlugin.self, configuration)?.key
        == "plugins.extension-schemas.\(name)")
  }
}

extension JSONValue {
  /// Whether both are one place of one document: nothing was copied.
  fileprivate func isSamePlace(as other: JSONValue) -> Bool {
    guard let mine = withFirstBytes(), let theirs = other.withFirstBytes() else { return false }
    return mine == theirs
  }

  /// Where the first name in the value stands in memory.
  private func withFirstBytes() -> UnsafePointer<UInt8>? {
    let object = kind == .array ? elements.first { _ in true } : self
    return object?.members.first { _ in true }?.nameBytes.baseAddress
  }
}
