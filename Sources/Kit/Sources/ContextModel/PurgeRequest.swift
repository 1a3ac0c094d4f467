public import JSON

/// Which services a purge removes (API page *Purge Services*).
public struct PurgeRequest: Sendable, Equatable {
  /// What is removed, in the words of the API.
  public enum Operation: String, CaseIterable, Sendable {
    /// All.
    case all = "purge.service.all"
    /// Those that are not completed.
    case started = "purge.service.started"
    /// Those that are not completed and have no customer.
    case startedAnonymous = "purge.service.started.anonymous"
    /// Those that are completed.
    case completed = "purge.service.completed"
    /// Those that are completed and have no customer.
    case completedAnonymous = "purge.service.completed.anonymous"
  }

  /// What is removed.
  public var operation: Operation
  /// Only what started before then.
  public var limit: Timestamp

  /// A request by its parts.
  public init(_ operation: Operation, limit: Timestamp) {
    self.operation = operation
    self.limit = limit
  }

  /// Reads a body.
  ///
  /// - Throws: a 400 that names the member.
  public init(decoding body: JSONValue) throws(ContextError) {
    for member in body.members where member.name != "operation" && member.name != "limit" {
      throw .badField(
        member.name, code: "field_not_allowed", message: "\(member.name) is no parameter of a purge.",
        allowed: ["limit", "operation"])
    }
    operation = try Operation(decoding: body["operation"], field: "operation")
    guard let value = body["limit"] else { throw .missingField("limit", Timestamp.format) }
    guard let limit = value.string.flatMap({ Timestamp($0) }) else {
      throw .wrongField(
        "limit", value.kind == .string ? "bad_date" : "wrong_type", value, Timestamp.format)
    }
    self.limit = limit
  }

  /// Whether a service is removed.
  public func matches(_ service: Service) -> Bool {
    guard service.startedAt < limit else { return false }
    switch operation {
    case .all: return true
    case .started: return service.status == .active
    case .startedAnonymous: return service.status == .active && service.customerID == nil
    case .completed: return service.status == .completed
    case .completedAnonymous: return service.status == .completed && service.customerID == nil
    }
  }
}
