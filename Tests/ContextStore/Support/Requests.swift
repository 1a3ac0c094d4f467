import ContextModel
import ContextStore
import JSON
import Testing

extension Event {
  /// An event as the API would decode it.
  init(_ body: String, as kind: Kind) {
    do {
      try self.init(decoding: JSONParser().parse(Array(body.utf8)).root, as: kind)
    } catch {
      preconditionFailure("\(body): \(error)")
    }
  }

  static func starting(
    customer: String? = nil, contactKey: String? = nil, at time: Int64, type: AttributeValue? = nil,
    _ body: String = "{}"
  ) -> Event {
    var event = Event(body, as: .start)
    event.customerID = customer
    event.contactKey = contactKey
    event.fields.timestamp = Timestamp(milliseconds: time)
    event.serviceType = type
    return event
  }
}

extension WriteRequest {
  static func associating(
    _ id: ServiceID, with customer: String, _ body: String = "{}", condition: RevisionCondition? = nil,
    principal: String? = nil
  ) -> WriteRequest {
    .associate(
      .single, id, customer: customer, Event(body, as: .association), at: Timestamp(milliseconds: 5000),
      condition: condition, principal: principal)
  }

  static func completing(
    _ id: ServiceID, at time: Int64 = 9000, condition: RevisionCondition? = nil
  ) -> WriteRequest {
    var event = Event("{}", as: .end)
    event.fields.timestamp = Timestamp(milliseconds: time)
    return .complete(.single, id, event, at: Timestamp(milliseconds: time), condition: condition)
  }
}

extension ServiceRecord {
  /// The service behind its document.
  var service: Service {
    get throws {
      let document = try JSONParser().parse(document)
      return try #require(Service(document: document.root, tenant: .single, revision: revision))
    }
  }

  /// The extensions as `name=text`.
  var extensionTexts: [String] {
    extensions.map { "\($0.name)=\(String(decoding: $0.text, as: UTF8.self))" }
  }
}

extension Result where Success == Written, Failure == ContextError {
  /// The code of a failure, `nil` for success.
  var code: String? {
    if case .failure(let error) = self { error.code } else { nil }
  }
}
