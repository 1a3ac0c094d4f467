public import ContextModel

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
