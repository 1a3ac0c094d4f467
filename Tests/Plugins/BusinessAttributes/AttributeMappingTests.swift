import ContextModel
import JSON
import LiaisonKit
import Testing

@testable import BusinessAttributes

@Suite struct AttributeMappingTests {
  private let stage: Stage

  init() throws {
    stage = try Stage(BusinessAttributesPlugin.self, AttributeConfiguration.mapped())
  }

  @Test(
    arguments: [
      ("1", 1), (#""voice""#, 1), (#""VOICE""#, 1), ("2", 2), (#""eMail""#, 2), (#""7""#, 3),
    ] as [(String, Int64)])
  func `ids, names and names in another case come in as ids`(_ sent: String, _ id: Int64) async throws {
    let call = try Call.event(#"{ "media_type": \#(sent) }"#)
    try await stage.handle(call)
    #expect(call.event?.fields.mediaType == .id(id))
  }

  @Test func `every mapped field of every event is mapped`() async throws {
    let fields = """
      "media_type": "voice", "application_type": "email", "resource_type": "voice"
      """
    let start = try Call.event(
      .startService, #"{ "contact_key": "x", "service_type": "new account", \#(fields) }"#)
    let association = try Call.event(#"{ "service_type": "ÜBERWEISUNG", "disposition": "OK", \#(fields) }"#)
    let end = try Call.event(.completeService, #"{ "disposition": "ok", \#(fields) }"#)
    for call in [start, association, end] {
      try await stage.handle(call)
      let event = try #require(call.event)
      #expect(event.fields.mediaType == .id(1) && event.fields.applicationType == .id(2))
      #expect(event.fields.resourceType == .id(1))
    }
    #expect(start.event?.type == .id(10))
    #expect(association.event?.type == .id(11) && association.event?.disposition == .id(20))
    #expect(end.event?.disposition == .id(20))
  }

  @Test(arguments: ["media_type", "application_type", "resource_type", "service_type", "disposition"])
  func `an unknown value is refused with field, value and the allowed ones`(_ field: String) async throws {
    for (sent, shown) in [(#""pigeon \"""#, #""pigeon \"""#), ("99", "99"), (#""1""#, #""1""#), ("-1", "-1")]
    {
      let error = try #require(await stage.refusal(of: try .event(#"{ "\#(field)": \#(sent) }"#)))
      #expect(error.status == 400 && error.code == "unknown_attribute_value")
      #expect(error.field == field && error.value == shown)
      #expect(error.allowed.contains(field.hasSuffix("a_type") ? "1 (voice)" : error.allowed[0]))
      #expect(error.message.contains(field) && error.message.contains(shown))
    }
    #expect(stage.last.count == 0)
  }

  @Test func `an error lists at most fifty values`() async throws {
    let values = (0..<80).map { #"{ "name": "v\#($0)", "dbid": \#($0) }"# }.joined(separator: ",")
    let many = try Stage(
      BusinessAttributesPlugin.self,
      #"{ "attributes": [ { "name": "A", "dbid": 1, "values": [\#(values)] } ], "Service.media_type": "A" }"#)
    let error = try #require(await many.refusal(of: try .event(#"{ "media_type": 80 }"#)))
    #expect(error.allowed.count == 51 && error.allowed[0] == "0 (v0)" && error.allowed[50] == "… and 30 more")
  }

  @Test func `fields that are not mapped are taken as they are`() async throws {
    let plain = try Stage(BusinessAttributesPlugin.self)
    let call = try Call.event(#"{ "media_type": "pigeon", "service_type": 99 }"#)
    try await plain.handle(call)
    #expect(call.event?.fields.mediaType == .name("pigeon") && call.event?.type == .id(99))
  }

  @Test func `the types of a query are mapped, numbers in text being ids`() async throws {
    let call = Call.make(.queryCustomerServices)
    call.filter.types = [.id(10), .name("10"), .name("new account"), .name("Überweisung")]
    try await stage.handle(call)
    #expect(call.filter.types == [.id(10), .id(10), .id(10), .id(11)])
    for unknown in [AttributeValue.id(1), .name("1"), .name("voice")] {
      let call = Call.make(.queryCustomerServices)
      call.filter.types = [.id(10), unknown]
      let error = try #require(await stage.refusal(of: call))
      #expect(
        error.status == 400 && error.code == "unknown_attribute_value" && error.field == "service_types")
      #expect(error.allowed == ["10 (New Account)", "11 (Überweisung)"])
    }
  }

  @Test func `what could not be understood goes on to the end of the pipeline`() async throws {
    let call = try Call.event(#"{ "media_type": "pigeon" }"#)
    call.malformed = .badField("x", code: "bad_parameter", message: "x")
    #expect(try await stage.handle(call).status == 200)
    let query = Call.make(.queryBusinessAttributeSchema)
    query.name = "Nothing"
    query.malformed = call.malformed
    #expect(try await stage.handle(query).status == 200)
  }
}
