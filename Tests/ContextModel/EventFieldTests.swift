import ContextModel
import Testing

@Suite struct EventFieldTests {
  private func field(_ name: String) -> EventField? {
    var name = name
    return name.withUTF8 { EventField(name: $0) }
  }

  @Test(arguments: EventField.allCases) func `every field is found by its exact name`(_ expected: EventField)
  {
    let name = "\(expected.name)"
    #expect(field(name) == expected)
    for other in [name.uppercased(), name + "s", String(name.dropLast()), " " + name, name + "\0"] {
      #expect(field(other) == nil)
    }
  }

  @Test func `other names are no fields`() {
    for name in ["", "x", "Feedback", String(repeating: "a", count: 1000), "service-id", "started_from"] {
      #expect(field(name) == nil)
    }
  }

  @Test func `each event has its fields and none of the others`() {
    let common: Set = [
      "timestamp", "session_id", "interaction_id", "application_type", "application_id", "resource_type",
      "resource_id", "media_type",
    ]
    let expected: [(Event.Kind, Set<String>)] = [
      (
        .start,
        common.union([
          "customer_id", "contact_key", "service_type", "est_duration", "ttl", "expiration_time",
          "auto_complete_after",
        ])
      ),
      (
        .association,
        common.union([
          "customer_id", "service_id", "service_type", "est_duration", "disposition", "disposition_desc",
        ])
      ),
      (.end, common.union(["service_id", "disposition", "disposition_desc", "ttl", "expiration_time"])),
      (.expiration, ["service_id", "ttl", "expiration_time"]),
      (.stateStart, common.union(["service_id", "state_type", "previous_state_id", "est_duration"])),
      (.stateEnd, common.union(["service_id", "state_id", "disposition", "disposition_desc"])),
      (.transition, common.union(["service_id", "from", "to"])),
      (.taskStart, common.union(["service_id", "state_id", "task_type", "est_duration"])),
      (.taskEnd, common.union(["service_id", "state_id", "task_id", "disposition", "disposition_desc"])),
    ]
    for (kind, names) in expected {
      #expect(Set(EventField.allCases.filter { $0.isAllowed(in: kind) }.map { "\($0.name)" }) == names)
    }
  }
}
