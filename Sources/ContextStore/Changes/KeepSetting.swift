public import ContextModel

/// Keeps something that the server itself must remember. It is no entry of the change sequence.
public struct KeepSetting: StoreChange {
  /// What it is called.
  public var name: String
  /// What is remembered, as JSON text.
  public var document: [UInt8]

  /// A setting by its parts.
  public init(_ name: String, _ document: [UInt8]) {
    self.name = name
    self.document = document
  }

  /// Keeps it, whatever it was before.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    try transaction.put(Record(.setting(name), document: document))
  }
}
