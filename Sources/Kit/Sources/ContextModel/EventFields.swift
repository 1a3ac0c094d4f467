/// The fields that every event carries (API page *Start Event List*, "common event fields"). All optional.
public struct EventFields: Equatable, Sendable {
  /// When the event was raised; stamped by the server if the client does not.
  public var timestamp: Timestamp?
  /// The related session, at most 32 characters.
  public var sessionID: String?
  /// The related interaction, at most 50 characters.
  public var interactionID: String?
  /// The class of application that issues the event: a business attribute.
  public var applicationType: AttributeValue?
  /// The DB id of that application.
  public var applicationID: Int64?
  /// The class of resource that delivers the service: a business attribute.
  public var resourceType: AttributeValue?
  /// The DB id of the platform or agent.
  public var resourceID: Int64?
  /// Voice, e-mail, chat…: a business attribute.
  public var mediaType: AttributeValue?

  /// No field at all.
  public init() {}

  /// Takes over every field that `newer` gives, but its timestamp: a later event never moves the first one's time.
  public mutating func replace(with newer: EventFields) {
    sessionID = newer.sessionID ?? sessionID
    interactionID = newer.interactionID ?? interactionID
    applicationType = newer.applicationType ?? applicationType
    applicationID = newer.applicationID ?? applicationID
    resourceType = newer.resourceType ?? resourceType
    resourceID = newer.resourceID ?? resourceID
    mediaType = newer.mediaType ?? mediaType
  }
}
