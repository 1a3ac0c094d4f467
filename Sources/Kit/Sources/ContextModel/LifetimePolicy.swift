/// How long services are kept and stay open without a change (API guide *Conversation Expiration*).
public struct LifetimePolicy: Sendable, Equatable {
  /// How long a service is kept after its last change, in seconds; `nil`: for good.
  public var expiration: Int64?
  /// The same for services of some types.
  public var expirationOfTypes: [AttributeValue: Int64] = [:]
  /// After how many seconds without a change a service is completed; `nil`: never.
  public var autoCompleteAfter: Int64?

  /// Everything is kept, nothing completed by itself, unless an event says so.
  public init() {}

  /// When a service expires; `nil` for never. What an event said overrides what is configured.
  public func expiration(of service: Service) -> Timestamp? {
    if let moment = service.expirationTime { return moment }
    let ofType = expirationOfTypes.isEmpty ? nil : service.serviceType.flatMap { expirationOfTypes[$0] }
    let seconds = ofType ?? expiration
    return seconds.map { service.lastChange(after: $0) }
  }

  /// When a service is completed by itself; `nil` for never, or if it is completed.
  public func completion(of service: Service) -> Timestamp? {
    guard service.status == .active else { return nil }
    return (service.autoCompleteAfter ?? autoCompleteAfter).map { service.lastChange(after: $0) }
  }

  /// When a service must be looked at next, in milliseconds since 1970; 0 for never.
  public func dueAt(_ service: Service) -> Int64 {
    let expires = expiration(of: service)
    let completes = completion(of: service)
    guard expires != nil || completes != nil else { return 0 }
    return max(1, min(expires?.milliseconds ?? .max, completes?.milliseconds ?? .max))
  }

  /// Reads `5y`: an integer and a letter for seconds (s), minutes (m), hours (h), days (d), weeks (w), months of 30 days (M) or
  /// years of 365 days (y). `nil` for anything else, and for nothing or more than a thousand years.
  public static func seconds(_ text: String) -> Int64? {
    guard let unit = text.last, let number = Int64(text.dropLast()), number > 0 else { return nil }
    let factors: [Character: Int64] = [
      "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "M": 30 * 86_400, "y": 365 * 86_400,
    ]
    guard let factor = factors[unit], number <= Expiration.longest / factor else { return nil }
    return number * factor
  }
}

extension Service {
  fileprivate func lastChange(after seconds: Int64) -> Timestamp {
    Timestamp(milliseconds: trail.updatedAt + seconds * 1000)
  }
}
