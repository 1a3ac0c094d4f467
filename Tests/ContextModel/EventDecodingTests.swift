import ContextModel
import JSON
import Testing

@Suite struct EventDecodingTests {
  private func error(_ text: String, _ kind: Event.Kind = .association) -> ContextError? {
    refusal {
      _ = try Event(
        decoding: try json(text), as: kind, service: ServiceID(7), customer: kind == .association ? "A" : nil)
    }
  }

  private static func long(_ count: Int, _ character: String = "x") -> String {
    String(repeating: character, count: count)
  }

  @Test func `a whole event is read`() throws {
    let event = try Event(
      decoding: try json(
        """
        { "timestamp": "2026-11-23T10:00:00+01:00", "session_id": "s", "interaction_id": "i", "application_type": 1,
          "application_id": -5, "resource_type": "agent", "resource_id": 9223372036854775807, "media_type": "voice",
          "service_type": "New", "est_duration": 0, "disposition": 3, "disposition_desc": "", "customer_id": "A",
          "service_id": "7", "Feedback": {"a":1}, "notes": null }
        """), as: .association, service: ServiceID(7), customer: "A")
    #expect(event.fields.timestamp?.description == "2026-11-23T09:00:00.000Z")
    #expect(event.fields.sessionID == "s" && event.fields.interactionID == "i")
    #expect(event.fields.applicationType == .id(1) && event.fields.resourceType == .name("agent"))
    #expect(event.fields.applicationID == -5 && event.fields.resourceID == .max)
    #expect(event.fields.mediaType == .name("voice") && event.type == .name("New"))
    #expect(event.estimatedDuration == 0 && event.disposition == .id(3) && event.dispositionDescription == "")
    #expect(event.customerID == "A" && event.contactKey == nil)
    #expect(event.extensions.map(\.name) == ["Feedback", "notes"])
  }

  @Test(arguments: [
    ("timestamp", "5", "wrong_type"), ("timestamp", #""x""#, "bad_date"), ("timestamp", "null", "wrong_type"),
    ("timestamp", #""2026-02-30T00:00:00Z""#, "bad_date"),
    ("session_id", "5", "wrong_type"), ("session_id", #""""#, "empty_value"),
    ("session_id", #""\#(long(33))""#, "too_long"),
    ("interaction_id", #""\#(long(51))""#, "too_long"), ("interaction_id", "[]", "wrong_type"),
    ("disposition_desc", #""\#(long(65))""#, "too_long"), ("disposition_desc", "{}", "wrong_type"),
    ("application_id", #""1""#, "wrong_type"), ("application_id", "1.5", "wrong_type"),
    ("application_id", "9223372036854775808", "out_of_range"), ("resource_id", "true", "wrong_type"),
    ("est_duration", "-1", "out_of_range"), ("est_duration", "9007199254740992", "out_of_range"),
    ("est_duration", "1.0", "wrong_type"), ("media_type", "1.5", "wrong_type"),
    ("media_type", #""""#, "empty_value"),
    ("media_type", #""\#(long(256))""#, "too_long"), ("media_type", "18446744073709551615", "out_of_range"),
    ("service_type", "null", "wrong_type"), ("disposition", "[1]", "wrong_type"),
    ("resource_type", "false", "wrong_type"),
    ("application_type", "{}", "wrong_type"), ("customer_id", #""B""#, "field_mismatch"),
    ("customer_id", "5", "wrong_type"),
    ("customer_id", #""""#, "empty_value"), ("customer_id", #""\#(long(65))""#, "too_long"),
    ("customer_id", #""a\u0000""#, "bad_identifier"), ("customer_id", #""a\u0085""#, "bad_identifier"),
    ("service_id", "8", "field_mismatch"), ("service_id", #""8""#, "field_mismatch"),
    ("service_id", "0", "out_of_range"),
    ("service_id", "-1", "out_of_range"), ("service_id", "1.5", "wrong_type"),
    ("service_id", #""abc""#, "bad_identifier"),
    ("service_id", #""""#, "bad_identifier"), ("service_id", "9223372036854775808", "out_of_range"),
    ("contact_key", #""k""#, "field_not_allowed"), ("started", "{}", "field_not_allowed"),
    ("duration", "1", "field_not_allowed"), ("active_states", "[]", "field_not_allowed"),
    ("", "1", "empty_value"),
  ])
  func `a wrong field is refused with its name, what was sent and what is allowed`(
    _ field: String, _ value: String, _ code: String
  ) throws {
    let error = try #require(self.error(#"{"Extra":1,"\#(field)":\#(value)}"#))
    #expect(error.status == 400 && error.code == code && error.field == field)
    if code != "field_not_allowed" && !field.isEmpty {
      #expect(!error.allowed.isEmpty && error.value != nil)
    }
  }

  @Test(arguments: [
    ("session_id", 32), ("interaction_id", 50), ("disposition_desc", 64), ("media_type", 255),
    ("disposition", 255),
  ])
  func `lengths are counted in characters, not in bytes`(_ field: String, _ longest: Int) {
    for character in ["x", "é", "€", "😀"] {
      #expect(error(#"{"\#(field)":"\#(Self.long(longest, character))"}"#) == nil)
      #expect(error(#"{"\#(field)":"\#(Self.long(longest + 1, character))"}"#)?.code == "too_long")
    }
  }

  @Test func `fields of start and end events are held to their events`() {
    #expect(error(#"{"contact_key":"\#(Self.long(256))","customer_id":"B"}"#, .start) == nil)
    #expect(error(#"{"contact_key":"\#(Self.long(257))"}"#, .start)?.code == "too_long")
    #expect(error(#"{"contact_key":""}"#, .start)?.code == "empty_value")
    #expect(error(#"{"contact_key":"\n"}"#, .start)?.code == "bad_identifier")
    for field in ["service_id", "disposition", "disposition_desc", "completed"] {
      #expect(error(#"{"\#(field)":1}"#, .start)?.code == "field_not_allowed")
    }
    for field in ["customer_id", "contact_key", "service_type", "est_duration"] {
      let error = self.error(#"{"\#(field)":1}"#, .end)
      #expect(error?.code == "field_not_allowed" && error?.allowed.contains("disposition") == true)
    }
  }

  @Test(arguments: ["[]", "5", #""x""#, "null", "true"]) func `a body that is no object is refused`(
    _ body: String
  ) {
    #expect(error(body)?.code == "body_not_object")
  }

  @Test func `extension names that differ in case alone are refused, among many too`() {
    #expect(error(#"{"Feedback":1,"feedBack":2}"#)?.code == "duplicate_key")
    #expect(error(#"{"ÄRGER":1,"ärger":2}"#)?.code == "duplicate_key")
    let many = (0..<200).map { #""e\#($0)":1"# }.joined(separator: ",")
    #expect(error("{\(many)}") == nil)
    #expect(error(#"{\#(many),"E57":1}"#)?.field == "E57")
  }

  @Test func `a body of a great many keys is read in a moment`() {
    let many = (0..<60_000).map { #""e\#($0)":1"# }.joined(separator: ",")
    // Comparing all pairs of names would take minutes.
    #expect(ContinuousClock().measure { _ = error("{\(many)}") } < .seconds(20))
  }

  @Test func `what was sent is shown in at most 80 characters`() {
    let error = self.error(#"{"session_id":"\#(Self.long(5000))"}"#)
    #expect(error?.value?.count == 80 && error?.value?.hasSuffix("…") == true)
    #expect((error?.message.count ?? .max) < 300)
  }
}
