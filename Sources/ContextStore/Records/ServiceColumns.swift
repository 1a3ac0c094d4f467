import ContextModel

/// What the row of a service is found under. An object, so that a record of which nobody asks it is no larger.
final class ServiceColumns: Equatable, Sendable {
  let status: Service.Status
  let customer: String?
  let type: AttributeValue?
  /// In milliseconds since 1970; 0 for never.
  let dueAt: Int64
  /// In milliseconds since 1970. Never changes, nor does the next one.
  let startedAt: Int64
  let contactKey: String?

  init(of service: Service) {
    status = service.status
    customer = service.customerID
    type = service.serviceType
    dueAt = service.trail.dueAt
    startedAt = service.startedAt.milliseconds
    contactKey = service.contactKey
  }

  static func == (one: ServiceColumns, other: ServiceColumns) -> Bool {
    (one.status, one.customer, one.type, one.dueAt, one.startedAt, one.contactKey)
      == (other.status, other.customer, other.type, other.dueAt, other.startedAt, other.contactKey)
  }
}
