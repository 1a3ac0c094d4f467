import ContextModel
import JSON
import LiaisonKit
import Testing

@testable import ExtensionSchemas

@Suite struct ExtensionCheckTests {
  private let stage: Stage

  init() throws {
    stage = try SchemaStage.make()
  }

  /// The extensions of an association as they reach the next stage: `Name=JSON`.
  private func passed(_ body: String) async throws -> [String] {
    let call = try Call.event(body)
    try await stage.handle(call)
    return (call.event?.extensions ?? []).map {
      "\($0.name)=\(String(decoding: $0.value.text, as: UTF8.self))"
    }
  }

  @Test(arguments: [
    #"{"rating":5}"#, #"{"rating":5,"notes":"fine"}"#, #"{"notes":null,"rating":5}"#,
    #"{"rating":-2147483648}"#,
  ])
  func `a record that fits its schema passes unchanged`(_ record: String) async throws {
    #expect(try await passed(#"{ "Feedback": \#(record) }"#) == ["Feedback=\(record)"])
  }

  @Test(arguments: ["[]", #"[{"rating":1}]"#, #"[{"rating":1,"place":"x"},{"rating":1,"place":"y"},{}]"#])
  func `records that fit their schema pass unchanged`(_ records: String) async throws {
    #expect(try await passed(#"{ "Satisfaction": \#(records) }"#) == ["Satisfaction=\(records)"])
  }

  @Test func `an extension is renamed to the spelling of its schema`() async throws {
    let extensions = try await passed(#"{ "FEEDBACK": {"rating":1}, "sAtisfaction": [], "vip": true }"#)
    #expect(extensions == [#"Feedback={"rating":1}"#, "Satisfaction=[]", "VIP=true"])
  }

  @Test func `a classifier is an empty object or true`() async throws {
    #expect(try await passed(#"{ "VIP": {} }"#) == ["VIP={}"])
    for value in ["false", "1", #""true""#, "null", "[]", #"{"a":1}"#] {
      let error = try #require(await stage.refusal(of: try .event(#"{ "VIP": \#(value) }"#)))
      #expect(error.code == "extension_violation" && error.field == "VIP" && error.value == value)
    }
  }

  @Test(arguments: [
    (#""Feedback": []"#, "Feedback", "Extension Feedback must be an object"),
    (#""Feedback": null"#, "Feedback", "Extension Feedback must be an object"),
    (#""Feedback": "x""#, "Feedback", "Extension Feedback must be an object"),
    (#""Satisfaction": {}"#, "Satisfaction", "Extension Satisfaction must be an array"),
    (#""Satisfaction": [{}, 5]"#, "Satisfaction[1]", "Record 1 of extension Satisfaction must be an object"),
    (#""Feedback": {}"#, "Feedback.rating", "Attribute rating of extension Feedback is missing"),
    (#""Feedback": {"rating":null}"#, "Feedback.rating", "Attribute rating of extension Feedback is missing"),
    (
      #""Feedback": {"rating":"5"}"#, "Feedback.rating",
      "Attribute rating of extension Feedback must be an integer"
    ),
    (
      #""Feedback": {"rating":2147483648}"#, "Feedback.rating",
      "Attribute rating of extension Feedback must be"
    ),
    (#""Feedback": {"rating":1,"x":1}"#, "Feedback.x", "Attribute x of extension Feedback is no attribute"),
    (
      #""Feedback": {"rating":1,"Rating":1}"#, "Feedback.Rating",
      "Attribute Rating of extension Feedback is no"
    ),
    (
      #""Feedback": {"rating":1,"notes":"12345678901"}"#, "Feedback.notes",
      "Attribute notes of extension Feedback must be a string of at most 10"
    ),
    (
      #""Satisfaction": [{"rating":1},{"rating":true}]"#, "Satisfaction[1].rating",
      "Attribute rating of record 1 of extension Satisfaction must be"
    ),
    (
      #""Satisfaction": [{},{},{"x":true}]"#, "Satisfaction[2].x",
      "Attribute x of record 2 of extension Satisfaction is no"
    ),
    (
      #""Satisfaction": [{"rating":1,"place":"x"},{"place":"y"},{"place":"x","rating":1}]"#,
      "Satisfaction[2]", "Record 2 of extension Satisfaction has the same rating, place as record 0"
    ),
    (#""Satisfaction": [{},{}]"#, "Satisfaction[1]", "Record 1 of extension Satisfaction has the same"),
    (
      #""Satisfaction": [{"rating":null},{"place":null}]"#, "Satisfaction[1]",
      "Record 1 of extension Satisfaction has"
    ),
  ])
  func `a violation names extension, record, attribute and reason, and nothing is applied`(
    _ member: String, _ field: String, _ message: String
  ) async throws {
    for operation in [LiaisonKit.Operation.startService, .associateService, .completeService] {
      let error = try #require(
        await stage.refusal(of: try .event(operation, #"{ "Other": {}, \#(member) }"#)))
      #expect(error.status == 400 && error.code == "extension_violation" && error.field == field)
      #expect(error.message.hasPrefix(message), "\(error.message)")
    }
    #expect(stage.last.count == 0)
  }

  @Test func `an extension without a schema is refused with the names there are`() async throws {
    for name in ["Feedbak", "Ticket", "media"] {
      let error = try #require(
        await stage.refusal(of: try .event(#"{ "Feedback": {"rating":1}, "\#(name)": 1 }"#)))
      #expect(error.status == 400 && error.code == "unknown_extension" && error.field == name)
      #expect(error.allowed == ["Defaults", "Feedback", "Other", "Satisfaction", "Unique", "VIP"])
    }
    #expect(stage.last.count == 0)
  }

  @Test func `schemas of other owners and tenants do not count`() async throws {
    stage.context.schemas.add(
      try SchemaStage.schema("Ticket", "single-valued", #"[{"name":"a","type":"long"}]"#), to: .state,
      of: .single)
    stage.context.schemas.add(
      try SchemaStage.schema("Ticket", "single-valued", #"[{"name":"a","type":"long"}]"#), to: .service,
      of: Tenant(rawValue: 2))
    let call = try Call.event(#"{ "Ticket": {} }"#)
    #expect(await stage.refusal(of: call)?.code == "unknown_extension")
    call.tenant = Tenant(rawValue: 2)
    #expect(try await stage.handle(call).status == 200)
  }

  @Test func `a schema that comes later counts for the next call`() async throws {
    #expect(await stage.refusal(of: try .event(#"{ "Late": {} }"#))?.code == "unknown_extension")
    stage.context.schemas.add(
      try SchemaStage.schema("Late", "single-valued", #"[{"name":"a","type":"long"}]"#), to: .service,
      of: .single)
    #expect(try await passed(#"{ "late": {"a":1} }"#) == [#"Late={"a":1}"#])
  }

  @Test func `a schema that takes another's place counts for the next call`() async throws {
    #expect(try await passed(#"{ "Other": {"x":1} }"#) == [#"Other={"x":1}"#])
    let other = try SchemaStage.schema("Other", "single-valued", #"[{"name":"y","type":"long"}]"#)
    stage.context.schemas.add(other, to: .service, of: .single)
    #expect(await stage.refusal(of: try .event(#"{ "Other": {"x":1} }"#))?.field == "Other.x")
    #expect(try await passed(#"{ "Other": {"y":1} }"#) == [#"Other={"y":1}"#])
  }

  @Test func `many attributes are found in any order`() async throws {
    let attributes = (0..<100).map { #"{"name":"a\#($0)","type":"long","mandatory":true}"# }
    stage.context.schemas.add(
      try SchemaStage.schema("Wide", "single-valued", "[\(attributes.joined(separator: ","))]"), to: .service,
      of: .single)
    for _ in 0..<20 {
      let names = (0..<100).shuffled()
      func body(_ names: [Int]) -> String {
        #"{"Wide":{\#(names.map { #""a\#($0)":1"# }.joined(separator: ","))}}"#
      }
      #expect(try await stage.handle(.event(body(names))).status == 200)
      let error = await stage.refusal(of: try .event(body(names.dropLast())))
      #expect(error?.field == "Wide.a\(names.last!)")
    }
  }

  @Test func `calls without extensions, and ones that could not be understood, go straight on`() async throws
  {
    try await stage.handle(.make())
    try await stage.handle(try .event("{}"))
    let call = try Call.event(#"{ "Nothing": 1 }"#)
    call.malformed = .badField("x", code: "bad_parameter", message: "x")
    try await stage.handle(call)
    #expect(stage.last.count == 3)
  }
}
