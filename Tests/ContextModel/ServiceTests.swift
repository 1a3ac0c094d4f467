import ContextModel
import JSON
import Testing
import TestSupport

@Suite struct ServiceTests {
  private static func event(_ text: String, _ kind: Event.Kind = .association) throws -> Event {
    try Event(decoding: try json(text), as: kind)
  }

  private static let moment = Timestamp("2026-11-23T11:00:00Z")!

  private static func text(_ service: Service) -> String { String(decoding: service.document, as: UTF8.self) }

  @Test func `random services read back from their documents as they were`() throws {
    var numbers = SeededNumbers(seed: 5)
    for _ in 0..<2000 {
      let id = ServiceID(Int64.random(in: 1...ServiceID.maximum, using: &numbers))!
      var service = Service(id: id, tenant: .single, starting: .random(&numbers))
      for _ in 0..<Int.random(in: 0..<3, using: &numbers) {
        service.associate(with: "A/é", .random(&numbers))
      }
      if numbers.once(in: 2) {
        var end = Event.random(&numbers)
        end.fields.timestamp = nil
        let later = service.startedAt.milliseconds + Int64.random(in: 0...1_000_000_000, using: &numbers)
        try service.complete(end, at: Timestamp(milliseconds: later))
      }
      let document = try JSONParser().parse(service.document).root
      #expect(Service(document: document, tenant: .single, revision: service.revision) == service)
      #expect(document["duration"]?.int64 == service.duration)
    }
  }

  @Test func `a document shows what was given and leaves out the rest`() throws {
    var service = Service(
      id: ServiceID(1)!, tenant: .single,
      starting: try Self.event(#"{"timestamp":"2026-11-23T10:00:00Z","contact_key":"k"}"#, .start))
    #expect(
      Self.text(service)
        == #"{"service_id":1,"started":{"timestamp":"2026-11-23T10:00:00.000Z","contact_key":"k"}}"#)
    service.associate(with: "A", try Self.event(#"{"media_type":1,"est_duration":5,"disposition_desc":"d"}"#))
    #expect(
      Self.text(service) == """
        {"service_id":1,"customer_id":"A","est_duration":5,"started":{"timestamp":"2026-11-23T10:00:00.000Z",\
        "media_type":1,"contact_key":"k"},"disposition_desc":"d"}
        """)
    try service.complete(
      try Self.event(#"{"timestamp":"2026-11-23T10:00:01.5Z","disposition":"ok"}"#, .end), at: Self.moment)
    #expect(
      Self.text(service) == """
        {"service_id":1,"customer_id":"A","est_duration":5,"started":{"timestamp":"2026-11-23T10:00:00.000Z",\
        "media_type":1,"contact_key":"k"},"completed":{"timestamp":"2026-11-23T10:00:01.500Z"},"duration":1500,\
        "disposition":"ok","disposition_desc":"d"}
        """)
  }

  @Test func `an association replaces what it gives, but never the start's time or the contact key`() throws {
    let start = try Self.event(
      """
      { "timestamp": "2026-11-23T10:00:00Z", "contact_key": "k", "session_id": "s", "media_type": 1, "service_type": 2 }
      """, .start)
    var service = Service(id: ServiceID(1)!, tenant: .single, starting: start)
    #expect(service.revision == 1 && service.customerID == nil && service.status == .active)
    service.associate(with: "A", try Self.event(#"{"timestamp":"2026-11-24T10:00:00Z","media_type":"chat"}"#))
    #expect(service.revision == 2 && service.customerID == "A" && service.contactKey == "k")
    #expect(service.startedAt == start.fields.timestamp && service.started.mediaType == .name("chat"))
    #expect(service.started.sessionID == "s" && service.serviceType == .id(2))
    service.associate(with: "B", Event())
    #expect(service.revision == 3 && service.customerID == "B" && service.started.mediaType == .name("chat"))
  }

  @Test func `a completion is once, and a completed service can still be associated`() throws {
    var service = Service(
      id: ServiceID(1)!, tenant: .single,
      starting: try Self.event(#"{"timestamp":"2026-11-23T10:00:00Z","contact_key":"k"}"#, .start))
    try service.complete(Event(), at: Self.moment)
    #expect(service.duration == 3_600_000 && service.status == .completed && service.revision == 2)
    let before = service
    #expect(refusal { try service.complete(Event(), at: Self.moment) }?.code == "already_completed")
    #expect(service == before)
    service.associate(with: "A", try Self.event(#"{"disposition":4}"#))
    #expect(
      service.customerID == "A" && service.disposition == .id(4) && service.completed == before.completed)
  }

  @Test func `a service does not end before it starts`() throws {
    var service = Service(
      id: ServiceID(1)!, tenant: .single,
      starting: try Self.event(#"{"timestamp":"2026-11-23T12:00:00Z","contact_key":"k"}"#, .start))
    let before = service
    let early = try Self.event(#"{"timestamp":"2026-11-23T11:59:59.999Z"}"#, .end)
    let error = refusal { try service.complete(early, at: Self.moment) }
    #expect(error?.status == 400 && error?.code == "out_of_range" && error?.field == "timestamp")
    #expect(service == before)
    // The client did not say when: its start lies in the server's future, and so does the end.
    try service.complete(Event(), at: Self.moment)
    #expect(service.duration == 0 && service.completed?.timestamp == service.startedAt)
  }

  @Test func `a condition lets through the revisions it names`() throws {
    let service = Service(id: ServiceID(1)!, tenant: .single, starting: Event())
    #expect(refusal { try service.require(nil) } == nil)
    #expect(refusal { try service.require(.any) } == nil)
    #expect(refusal { try service.require(.oneOf([5, 1])) } == nil)
    let error = refusal { try service.require(.oneOf([2])) }
    #expect(error?.status == 412 && error?.code == "revision_mismatch" && error?.allowed == [#""1""#])
  }

  @Test func `a document that is none is not read`() throws {
    for text in [
      "{}", "[]", #"{"service_id":0}"#, #"{"service_id":"1"}"#, #"{"service_id":1,"Extension":{}}"#,
    ] {
      #expect(Service(document: try json(text), tenant: .single, revision: 1) == nil)
    }
  }

  @Test func `a record shows its extensions beside the fields`() {
    let document = Array(#"{"service_id":1}"#.utf8)
    let stored = [
      StoredExtension(name: #"A"b"#, text: Array("[1]".utf8)),
      StoredExtension(name: "C", text: Array("{}".utf8)),
    ]
    func text(_ record: ServiceRecord) -> String {
      var writer = JSONWriter()
      record.write(to: &writer)
      return String(decoding: writer.bytes, as: UTF8.self)
    }
    #expect(text(ServiceRecord(document: document, revision: 1)) == #"{"service_id":1}"#)
    #expect(
      text(
        ServiceRecord(
          document: document, revision: 1, extensions: stored,
          lists: [PartList(name: "active_states", records: [])]))
        == #"{"service_id":1,"active_states":[],"A\"b":[1],"C":{}}"#)
  }
}
