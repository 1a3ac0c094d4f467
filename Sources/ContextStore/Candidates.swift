/// Customers that may be the one who is looked for.
public struct Candidates: Sendable {
  /// Each once.
  public var customers: [String]
  /// Whether there are no others.
  public var isComplete: Bool
}
