public import JSON

/// What a client says about a service: it starts, belongs to somebody, ends. Events fold into a ``Service``.
public struct Event: Sendable {
  /// Which event it is; decides which fields it may carry.
  public enum Kind: String, Sendable {
    /// Service Start Event.
    case start = "Service Start Event"
    /// The body of Associate Service: fields of the start event for update, and a disposition.
    case association = "Associate Service"
    /// Service End Event.
    case end = "Service End Event"
  }

  /// The common event fields.
  public var fields = EventFields()
  /// Start: whose service it is. Association: if given, the customer of the path.
  public var customerID: String?
  /// Start: under what an anonymous service is found, 1…256 characters.
  public var contactKey: String?
  /// A business attribute.
  public var serviceType: AttributeValue?
  /// Estimated duration in seconds, 0 or more.
  public var estimatedDuration: Int64?
  /// How it went: a business attribute.
  public var disposition: AttributeValue?
  /// The disposition in words, at most 64 characters.
  public var dispositionDescription: String?
  /// The keys of the body that are no fields, in order. Names differ in more than case.
  public var extensions: [Extension] = []

  /// An event that says nothing.
  public init() {}
}

/// A named value attached to a service: one record (an object) or several (an array) under a schema, any JSON without.
public struct Extension: Sendable {
  /// The name; compared without case.
  public var name: String
  /// The value.
  public var value: JSONValue

  /// An extension by its parts.
  public init(name: String, value: JSONValue) {
    self.name = name
    self.value = value
  }
}
