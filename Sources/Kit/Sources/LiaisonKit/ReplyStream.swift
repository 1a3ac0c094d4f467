/// A body that is made piece by piece while it is sent, so that none is too large for memory. Belongs to the loop of its
/// call.
public final class ReplyStream: @unchecked Sendable {
  /// Makes the next piece; `nil` at the end.
  ///
  /// - Throws: the connection is closed then, so that what was sent is not taken for the whole.
  public let next: () async throws -> [UInt8]?

  /// A stream by what makes its pieces.
  public init(_ next: @escaping () async throws -> [UInt8]?) { self.next = next }
}
