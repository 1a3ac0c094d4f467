public import JSON

/// Which services an export holds, and what of them (API pages *Export Services to JSON Stream*, *Export Services to
/// File*).
public struct ExportQuery: Sendable, Equatable {
  /// Which events must lie in the span of time.
  public enum Events: String, CaseIterable, Sendable {
    /// Any: the start, the end, or the last change.
    case any
    /// The start event.
    case started
    /// The end event.
    case completed
  }

  /// Which services, by their state.
  public enum Activity: String, CaseIterable, Sendable {
    /// All.
    case any
    /// Not completed.
    case active
    /// Completed.
    case inactive
  }

  /// The form of files.
  public enum Format: String, CaseIterable, Sendable {
    /// One JSON array.
    case json
    /// One line an item.
    case csv
  }

  /// `time_from`: then or later.
  public var from: Timestamp?
  /// `time_to`: before then; `nil`: now.
  public var to: Timestamp?
  /// `filter_events`.
  public var events = Events.any
  /// `filter_state`.
  public var activity = Activity.any
  /// `export_content`: whole services instead of their ids.
  public var showsContent = false
  /// Of files.
  public var format = Format.json

  /// A query for everything.
  public init() {}

  /// Whether a service is one of them.
  ///
  /// - Parameters:
  ///   - service: as it is now.
  ///   - now: where the span ends if nothing is said.
  public func matches(_ service: Service, now: Timestamp) -> Bool {
    switch activity {
    case .any: break
    case .active: if service.status == .completed { return false }
    case .inactive: if service.status == .active { return false }
    }
    let range =
      (from ?? Timestamp(milliseconds: .min))..<max(to ?? now, from ?? Timestamp(milliseconds: .min))
    let completed = service.completed?.timestamp
    switch events {
    case .started: return range.contains(service.startedAt)
    case .completed: return completed.map(range.contains) ?? false
    case .any:
      return range.contains(service.startedAt) || completed.map(range.contains) ?? false
        || range.contains(Timestamp(milliseconds: service.trail.updatedAt))
    }
  }

  /// Reads the body of Export Services to File.
  ///
  /// - Throws: a 400 that names the member.
  public init(decoding body: JSONValue) throws(ContextError) {
    self.init()
    let known = ["time_from", "time_to", "filter_events", "filter_state", "format"]
    for member in body.members {
      let (name, value) = (member.name, member.value)
      guard known.contains(name) else {
        throw .badField(
          name, code: "field_not_allowed", message: "\(name) is no parameter of an export.", allowed: known)
      }
      guard let text = value.string else {
        throw .wrongField(name, "wrong_type", value, "a string")
      }
      try set(name, text)
    }
    guard from != nil else { throw .missingField("time_from", Timestamp.format) }
  }

  /// Sets a parameter from its text.
  ///
  /// - Throws: a 400 that names it.
  public mutating func set(_ name: String, _ text: String) throws(ContextError) {
    switch name {
    case "time_from": from = try Self.moment(name, text)
    case "time_to": to = try Self.moment(name, text)
    case "filter_events": events = try Self.token(name, text)
    case "filter_state": activity = try Self.token(name, text)
    default: format = try Self.token(name, text)
    }
  }

  private static func moment(_ name: String, _ text: String) throws(ContextError) -> Timestamp {
    if let moment = Timestamp(text) { return moment }
    throw .badField(
      name, code: "bad_date", message: "\(name) must be \(Timestamp.format).",
      value: JSONWriter.excerpt(of: text), allowed: [Timestamp.format])
  }

  private static func token<Token: RawRepresentable & CaseIterable>(
    _ name: String, _ text: String
  ) throws(ContextError) -> Token where Token.RawValue == String {
    if let token = Token(rawValue: text) { return token }
    let allowed = Token.allCases.map(\.rawValue)
    throw .badField(
      name, code: "bad_parameter", message: "\(name) must be one of \(allowed.joined(separator: ", ")).",
      value: JSONWriter.excerpt(of: text), allowed: allowed)
  }
}
