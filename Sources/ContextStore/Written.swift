/// The answer to a change of a service that is durable.
public struct Written: Sendable, Equatable {
  /// The service after this write.
  public var mapping: Mapping
  /// The change's number in the change sequence: 1, 2, 3 … without gaps, in the order of the changes. Where other servers write
  /// to the same store it may come to have a greater one.
  public var sequence: Int64
}
