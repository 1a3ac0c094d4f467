public import ContextModel
import JSON

/// A change that is made once, however often it is asked for under one key.
public struct Idempotent<Change: StoreChange>: StoreChange {
  /// Whose key it is.
  public var tenant: Tenant
  /// The key.
  public var key: String
  /// Tells requests apart: another one under the same key is a mistake of the client.
  public var fingerprint: String
  /// The change.
  public var change: Change
  /// What the client is answered, as JSON text; kept for those who ask again.
  public var answer: @Sendable (Change.Outcome) -> [UInt8]

  /// A change by its parts.
  public init(
    tenant: Tenant, key: String, fingerprint: String, _ change: Change,
    answer: @escaping @Sendable (Change.Outcome) -> [UInt8]
  ) {
    self.tenant = tenant
    self.key = key
    self.fingerprint = fingerprint
    self.change = change
    self.answer = answer
  }

  /// Whether the change was made now.
  public enum Outcome: Sendable {
    /// It was.
    case first(Change.Outcome)
    /// It was made before; this was answered.
    case again([UInt8])
  }

  /// What the change looks at.
  public func prefetch(into keys: inout [RecordKey]) {
    keys.append(.idempotencyKey(key, tenant: tenant))
    change.prefetch(into: &keys)
  }

  /// Makes the change, unless it was made before. Fails with 422 if it was another one.
  public func apply(to transaction: StoreTransaction) throws(ContextError) -> Outcome {
    let record = RecordKey.idempotencyKey(key, tenant: tenant)
    if let stored = try transaction.record(record),
      let document = transaction.documents.value(stored.document)
    {
      guard document["fingerprint"]?.string == fingerprint else {
        throw ContextError(
          status: 422, code: "idempotency_key_reused",
          message: "This Idempotency-Key was sent with another request before.", field: "Idempotency-Key",
          value: JSONWriter.excerpt(of: key))
      }
      return .again(document["answer"]?.text ?? [])
    }
    let outcome = try change.apply(to: transaction)
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("fingerprint")
    writer.string(fingerprint)
    writer.key("answer")
    writer.raw(answer(outcome))
    writer.endObject()
    try transaction.put(
      Record(record, revision: transaction.moment.milliseconds, document: writer.bytes))
    return .first(outcome)
  }
}
