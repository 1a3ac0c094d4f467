/// Which services of a customer or contact key a query wants (API pages *Query Services*, *Query Anonymous Services*).
public struct ServiceFilter: Sendable, Equatable {
  /// Only active or only completed ones; `nil` for both.
  public var status: Service.Status?
  /// Started then or later.
  public var startedFrom: Timestamp?
  /// Started before then.
  public var startedTo: Timestamp?
  /// Of one of these types; empty for any.
  public var types: [AttributeValue]

  /// A filter that lets everything through.
  public init(
    status: Service.Status? = nil, startedFrom: Timestamp? = nil, startedTo: Timestamp? = nil,
    types: [AttributeValue] = []
  ) {
    self.status = status
    self.startedFrom = startedFrom
    self.startedTo = startedTo
    self.types = types
  }

  /// Whether a service is wanted.
  public func lets(_ service: Service) -> Bool {
    if let status, service.status != status { return false }
    if let startedFrom, service.startedAt < startedFrom { return false }
    if let startedTo, service.startedAt >= startedTo { return false }
    return types.isEmpty || service.serviceType.map(types.contains) ?? false
  }
}

/// Which extensions a query wants to see: the parameter `extensions`.
public enum ExtensionSelection: Sendable, Equatable {
  /// None: the default.
  case none
  /// `*`
  case all
  /// These; compared without case.
  case named([String])
}
