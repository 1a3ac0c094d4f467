/// Why a call has no answer.
public struct TestClientError: Error, Sendable, CustomStringConvertible {
  /// One line.
  public let description: String

  init(_ description: String) { self.description = description }
}
