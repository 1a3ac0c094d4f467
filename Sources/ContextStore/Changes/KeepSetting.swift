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

/// Keeps something that the server itself must remember, unless what is remembered already forbids it.
public struct ClaimSetting: StoreChange {
  /// What is kept.
  public var setting: KeepSetting
  /// Why it must not be kept, by what is remembered now; `nil` if it may.
  public var refusal: @Sendable (_ current: [UInt8]?) -> ContextError?

  /// A setting, and what may forbid it.
  public init(
    _ setting: KeepSetting, unless refusal: @escaping @Sendable (_ current: [UInt8]?) -> ContextError?
  ) {
    self.setting = setting
    self.refusal = refusal
  }

  /// What is remembered now.
  public func prefetch(into keys: inout [RecordKey]) { keys.append(.setting(setting.name)) }

  /// Keeps it.
  ///
  /// - Throws: the refusal.
  public func apply(to transaction: StoreTransaction) throws(ContextError) {
    if let error = refusal(try transaction.record(.setting(setting.name))?.document) { throw error }
    try setting.apply(to: transaction)
  }
}

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
