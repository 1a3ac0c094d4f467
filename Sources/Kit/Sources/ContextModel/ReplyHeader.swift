/// One header of an answer, beside those that every answer has.
public struct ReplyHeader: Sendable, Equatable {
  /// The name.
  public var name: String
  /// The value: visible ASCII.
  public var value: String

  /// A header by name and value.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}
