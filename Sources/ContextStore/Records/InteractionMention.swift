public import ContextModel

/// That an event of a service, or of a state or task in it, has named an interaction.
public struct InteractionMention: Sendable, Equatable {
  /// The interaction's id.
  public var interaction: String
  /// Which service.
  public var service: ServiceID
  /// When first, as the events say.
  public var since: Timestamp

  /// Which ones are asked for.
  public enum Query: Sendable {
    /// Those of one interaction, by their services.
    case interaction(String)
    /// Those of some services, service by service.
    case services([ServiceID])
  }
}
