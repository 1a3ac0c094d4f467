public import ContextModel

/// That a service came to a customer.
public struct Association: Sendable, Equatable {
  /// To whom.
  public var customer: String
  /// When, as the event says.
  public var since: Timestamp
  /// The interaction that the event named.
  public var interaction: String?
  /// Who asked for it.
  public var principal: String?
}
