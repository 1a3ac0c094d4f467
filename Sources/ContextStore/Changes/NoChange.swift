public import ContextModel

/// Changes nothing. Whoever has waited for it knows that every change that was handed over before is decided.
public struct NoChange: StoreChange {
  /// Nothing.
  public init() {}

  /// Nothing.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {}
}
