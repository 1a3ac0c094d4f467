public import ContextModel

/// A change somebody wants made. What becomes of it is decided on a commit thread, in the order of arrival.
///
/// ```swift
/// struct Touch: StoreChange {
///   let id: ServiceID
///   func prefetch(into keys: inout [RecordKey]) { keys.append(.service(id, tenant: .single)) }
///   func apply(to transaction: StoreTransaction) throws(ContextError) -> Int64 {
///     guard let service = try transaction.service(id, tenant: .single) else { throw .serviceNotFound(id) }
///     return service.revision
///   }
/// }
/// ```
public protocol StoreChange: Sendable {
  /// What the caller learns.
  associatedtype Outcome: Sendable

  /// Adds the records that ``apply(to:)`` will surely ask for: they are loaded together with those of the others.
  func prefetch(into keys: inout [RecordKey])

  /// Decides the change and makes it.
  ///
  /// It may be called again if the batch has to be repeated, so it changes nothing but the transaction.
  ///
  /// - Throws: why this change alone is refused; what it did up to there is taken back.
  func apply(to transaction: StoreTransaction) throws(ContextError) -> Outcome

  /// What a ``CommitAudience`` is shown of an outcome; `nil` for nothing.
  static func mapping(in outcome: Outcome) -> Mapping?
}

extension StoreChange {
  /// Nothing is known beforehand.
  public func prefetch(into keys: inout [RecordKey]) {}

  /// Nothing is shown.
  public static func mapping(in outcome: Outcome) -> Mapping? { nil }
}

extension StoreChange where Outcome == Written {
  /// The service after the write.
  public static func mapping(in outcome: Written) -> Mapping? { outcome.mapping }
}
