public import ContextModel

/// A change, and what the server remembers once it is made: both or neither.
public struct Remembering<Change: StoreChange>: StoreChange {
  /// The change.
  public var change: Change
  /// What is remembered.
  public var claim: ClaimSetting

  /// Both together.
  public init(_ change: Change, _ claim: ClaimSetting) {
    self.change = change
    self.claim = claim
  }

  /// What both ask for.
  public func prefetch(into keys: inout [RecordKey]) {
    change.prefetch(into: &keys)
    claim.prefetch(into: &keys)
  }

  /// Makes the change. Fails as either does.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Change.Outcome {
    let outcome = try change.apply(to: transaction)
    try claim.apply(to: transaction)
    return outcome
  }
}
