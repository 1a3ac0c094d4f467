import ContextModel
import JSON
import Testing
import TestSupport

@Suite struct ServicePartTests {
  private static func event(_ text: String, _ kind: Event.Kind) throws -> Event {
    try Event(decoding: try json(text), as: kind)
  }

  private static let service = ServiceID(7)!
  private static let moment = Timestamp("2026-11-23T11:00:00Z")!

  private static func state(_ text: String = #"{"timestamp":"2026-11-23T10:00:00Z"}"#) throws -> ServicePart {
    ServicePart(.state, PartID(1)!, of: service, starting: try event(text, .stateStart))
  }

  private static func text(_ part: ServicePart) -> String { String(decoding: part.document, as: UTF8.self) }

  @Test(arguments: ServicePart.Kind.allCases)
  func `random states and tasks read back from their documents as they were`(kind: ServicePart.Kind) throws {
    var numbers = SeededNumbers(seed: 6)
    for _ in 0..<1000 {
      var start = Event.random(&numbers)
      if numbers.once(in: 2) {
        start.stateID = PartID(Int64.random(in: 1...Int64(Int32.max), using: &numbers))
      }
      if numbers.once(in: 2) { start.previousStateID = PartID(1) }
      let id = PartID(Int64.random(in: 1...Int64(Int32.max), using: &numbers))!
      var part = ServicePart(kind, id, of: Self.service, starting: start)
      if numbers.once(in: 2) {
        var end = Event.random(&numbers)
        end.fields.timestamp = nil
        let later = part.startedAt.milliseconds + Int64.random(in: 0...1_000_000_000, using: &numbers)
        try part.complete(end, at: Timestamp(milliseconds: later))
      }
      let document = try JSONParser().parse(part.document).root
      #expect(ServicePart(document: document, as: kind, of: Self.service, revision: part.revision) == part)
    }
  }

  @Test func `a state shows what was given and how long it took`() throws {
    var state = try Self.state(
      #"{"timestamp":"2026-11-23T10:00:00Z","state_type":8,"previous_state_id":3,"est_duration":60,"media_type":1}"#
    )
    try state.complete(
      try Self.event(#"{"timestamp":"2026-11-23T10:00:01.5Z","disposition":"ok"}"#, .stateEnd),
      at: Self.moment)
    #expect(
      Self.text(state) == """
        {"state_id":1,"state_type":8,"est_duration":60,"previous_state_id":3,\
        "started":{"timestamp":"2026-11-23T10:00:00.000Z","media_type":1},\
        "completed":{"timestamp":"2026-11-23T10:00:01.500Z"},"duration":1500,"disposition":"ok"}
        """)
    #expect(state.revision == 2 && state.status == .completed)
  }

  @Test func `a part ends once, and not before it started`() throws {
    var state = try Self.state()
    let early = try Self.event(#"{"timestamp":"2026-11-23T09:00:00Z"}"#, .stateEnd)
    #expect(refusal { try state.complete(early, at: Self.moment) }?.code == "out_of_range")
    #expect(state.completed == nil && state.revision == 1)
    try state.complete(Event(.stateEnd), at: Self.moment)
    #expect(refusal { try state.complete(Event(.stateEnd), at: Self.moment) }?.code == "already_completed")
  }

  @Test func `the end of a task names no other state than the task's own`() throws {
    var task = ServicePart(
      .task, PartID(1)!, of: Self.service, starting: try Self.event(#"{"state_id":4}"#, .taskStart))
    let wrong = try Self.event(#"{"state_id":5}"#, .taskEnd)
    #expect(refusal { try task.complete(wrong, at: Self.moment) }?.field == "state_id")
    try task.complete(try Self.event(#"{"state_id":4}"#, .taskEnd), at: Self.moment)
    #expect(task.completed != nil)
  }

  @Test func `a transition is read into the state that ends and the one that starts`() throws {
    let event = try Self.event(
      """
      { "from": {"state_id": 1, "disposition": "ok", "disposition_desc": "verified"},
        "to": {"state_type": 8, "est_duration": 120}, "media_type": "voice", "Note": {} }
      """, .transition)
    #expect(event.stateID == PartID(1) && event.disposition == .name("ok"))
    #expect(
      event.dispositionDescription == "verified" && event.type == .id(8) && event.estimatedDuration == 120)
    #expect(event.fields.mediaType == .name("voice") && event.extensions.map(\.name) == ["Note"])
    let next = ServicePart(.state, PartID(2)!, of: Self.service, starting: event)
    #expect(next.previousStateID == PartID(1) && next.disposition == nil)
  }

  @Test(arguments: [
    ("{}", "missing_field", "from"), (#"{"from":{}}"#, "missing_field", "from.state_id"),
    (#"{"from":{"state_id":1}}"#, "missing_field", "to"), (#"{"from":[],"to":{}}"#, "wrong_type", "from"),
    (#"{"from":{"state_id":1},"to":7}"#, "wrong_type", "to"),
    (#"{"from":{"state_id":"1"},"to":{}}"#, "wrong_type", "from.state_id"),
    (#"{"from":{"state_id":0},"to":{}}"#, "out_of_range", "from.state_id"),
    (#"{"from":{"state_id":1,"x":1},"to":{}}"#, "field_not_allowed", "from.x"),
    (#"{"from":{"state_id":1},"to":{"disposition":1}}"#, "field_not_allowed", "to.disposition"),
    (#"{"from":{"state_id":1},"to":{"est_duration":-1}}"#, "out_of_range", "to.est_duration"),
    (#"{"from":{"state_id":1},"to":{},"state_type":1}"#, "field_not_allowed", "state_type"),
  ])
  func `a transition that is not whole is refused by the field`(
    text: String, code: String, field: String
  ) {
    let refusal = refusal { _ = try Self.event(text, .transition) }
    #expect(refusal?.status == 400 && refusal?.code == code && refusal?.field == field)
  }

  @Test func `from and to are plain extensions everywhere else`() throws {
    let event = try Self.event(#"{"contact_key":"k","from":1,"to":2}"#, .start)
    #expect(event.extensions.map(\.name) == ["from", "to"])
  }

  @Test func `a time to live wins over an expiration time, in whichever order`() throws {
    for text in [
      #"{"ttl":60,"expiration_time":"2030-01-01T00:00:00Z"}"#,
      #"{"expiration_time":"2030-01-01T00:00:00Z","ttl":60}"#,
    ] {
      #expect(try Self.event(text, .expiration).expiration == .seconds(60))
    }
    #expect(refusal { _ = try Self.event("{}", .expiration) }?.code == "missing_field")
    #expect(refusal { _ = try Self.event(#"{"ttl":1,"x":1}"#, .expiration) }?.code == "field_not_allowed")
  }

  @Test func `a service's trail reads back as it was`() {
    var numbers = SeededNumbers(seed: 8)
    #expect(ServiceTrail().text.isEmpty && ServiceTrail(text: []) == ServiceTrail())
    for _ in 0..<500 {
      var trail = ServiceTrail()
      if numbers.once(in: 2) { trail.lastState = .random(in: 0...Int32.max, using: &numbers) }
      if numbers.once(in: 2) { trail.lastTask = .random(in: 0...Int32.max, using: &numbers) }
      if numbers.once(in: 2) { trail.updatedAt = .random(in: 0...Int64.max, using: &numbers) }
      if numbers.once(in: 2) { trail.dueAt = .random(in: 0...Int64.max, using: &numbers) }
      #expect(ServiceTrail(text: trail.text) == trail)
      #expect(trail.text.isEmpty || (try? JSONParser().parse(trail.text)) != nil)
    }
  }
}
