public import ContextModel

/// Keeps how far somebody who follows the change sequence has come. It is no entry of the sequence itself.
public struct KeepPosition: StoreChange {
  /// Who follows it.
  public var follower: String
  /// The newest change that was dealt with.
  public var sequence: Int64

  /// A position by its parts.
  public init(follower: String, sequence: Int64) {
    self.follower = follower
    self.sequence = sequence
  }

  /// Keeps the position, whatever it was before.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    try transaction.put(Record(.follower(follower), revision: sequence, document: Array("{}".utf8)))
  }
}
