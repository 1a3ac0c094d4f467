import ContextModel
import JSON
import LiaisonKit
import Testing

@testable import BusinessAttributes

@Suite struct AttributeNameTests {
  private static func record() throws -> ServiceRecord {
    var event = try Event(
      decoding: try json(
        """
        { "timestamp": "2026-11-23T10:00:00Z", "customer_id": "A", "contact_key": "k", "service_type": 10,
          "media_type": 1, "application_type": 2, "resource_type": 99, "application_id": 1, "est_duration": 1 }
        """), as: .start)
    var service = Service(id: ServiceID(7)!, tenant: .single, starting: event)
    event = try Event(
      decoding: try json(#"{ "timestamp": "2026-11-23T11:00:00Z", "media_type": 2, "disposition": 20 }"#),
      as: .end)
    try service.complete(event, at: service.startedAt)
    let feedback = StoredExtension(name: "Feedback", text: Array(#"{"media_type":1}"#.utf8))
    return ServiceRecord(document: service.document, revision: 2, extensions: [feedback])
  }

  private static let named = """
    {"service_id":7,"customer_id":"A","service_type":"New Account","est_duration":1,"started":{\
    "timestamp":"2026-11-23T10:00:00.000Z","application_type":"email","application_id":1,"resource_type":99,\
    "media_type":"voice","contact_key":"k"},"completed":{"timestamp":"2026-11-23T11:00:00.000Z",\
    "media_type":"email"},"duration":3600000,"disposition":"ok"}
    """

  private func documents(_ configuration: String, _ content: Reply.Content) async throws -> [ServiceRecord] {
    let stage = try Stage(BusinessAttributesPlugin.self, configuration, reply: Reply(content: content))
    switch try await stage.handle(.make()).content {
    case .service(let record): return [record]
    case .services(let records): return records
    default: return []
    }
  }

  @Test func `with map-names services show names everywhere, and ids without a value stay`() async throws {
    let record = try Self.record()
    for content in [Reply.Content.service(record), .services([record, record])] {
      for shown in try await documents(AttributeConfiguration.mapped(names: true), content) {
        #expect(String(decoding: shown.document, as: UTF8.self) == Self.named)
        #expect(shown.extensions == record.extensions && shown.revision == 2)
      }
    }
  }

  @Test func `without map-names replies are left alone, whatever stands in them`() async throws {
    var record = try Self.record()
    record.document = Array("not JSON".utf8)
    let shown = try await documents(AttributeConfiguration.mapped(), .service(record))
    #expect(shown.first?.document == record.document)
  }

  @Test
  func `names that were stored before the mapping, members of later versions and odd documents survive`()
    async throws
  {
    let texts = [
      #"{"service_id":7,"service_type":"stored","started":{"media_type":"x"},"later":{"media_type":1}}"#,
      "not JSON",
    ]
    for text in texts {
      let record = ServiceRecord(document: Array(text.utf8), revision: 1)
      let shown = try await documents(AttributeConfiguration.mapped(names: true), .service(record))
      #expect(shown.first.map { String(decoding: $0.document, as: UTF8.self) } == text)
    }
  }
}
