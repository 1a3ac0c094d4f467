import ContextModel
import ContextStore
import JSON
import LiaisonKit

extension Persistence {
  /// How long the answer to a call with an `Idempotency-Key` is kept, in milliseconds: a day.
  static let idempotencyTime: Int64 = 86_400_000

  /// The call's `Idempotency-Key`; `nil` if there is none.
  ///
  /// - Throws: 400 for one that is empty, too long, or not of visible ASCII.
  func idempotencyKey(_ call: Call) throws(ContextError) -> String? {
    guard let key = call.headers["idempotency-key"] else { return nil }
    guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .badField(
        "Idempotency-Key", code: "bad_parameter",
        message: "Idempotency-Key must be 1 to 255 visible ASCII characters.",
        value: JSONWriter.excerpt(of: key),
        allowed: ["1 to 255 visible ASCII characters"])
    }
    return key
  }

  /// Makes a change once for a key.
  ///
  /// - Parameters:
  ///   - sent: what was asked for, as text.
  ///   - answer: the reply's body and `Location`.
  /// - Returns: the change's outcome, if it was made now, and the reply.
  func once<Change: StoreChange>(
    _ call: Call, _ key: String, sent: [UInt8], _ change: Change,
    answer: @escaping @Sendable (Change.Outcome) -> (body: [UInt8], location: String)
  ) async throws -> (Change.Outcome?, Reply) {
    let fingerprint = Self.fingerprint(
      Array("\(call.operation.rawValue) \(call.serviceID?.rawValue ?? 0) \(call.customerID ?? "") ".utf8)
        + sent)
    let outcome = try await store.write(
      Idempotent(tenant: call.tenant, key: key, fingerprint: fingerprint, change) { outcome in
        let answer = answer(outcome)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("body")
        writer.raw(answer.body)
        writer.key("location")
        writer.string(answer.location)
        writer.endObject()
        return writer.bytes
      })
    switch outcome {
    case .first(let outcome):
      let answer = answer(outcome)
      return (outcome, Self.reply(answer.body, answer.location, isReplay: false))
    case .again(let text):
      let stored = try JSONParser().parse(text).root
      return (
        nil, Self.reply(stored["body"]?.text ?? [], stored["location"]?.string ?? "", isReplay: true)
      )
    }
  }

  private static func reply(_ body: [UInt8], _ location: String, isReplay: Bool) -> Reply {
    var headers = [ReplyHeader("Location", location)]
    if isReplay { headers.append(ReplyHeader("Idempotency-Replayed", "true")) }
    return Reply(status: 201, content: .json(body), headers: headers)
  }

  /// FNV-1a, 64 bits: it tells mistakes apart, not attacks; who knows a key may use it.
  private static func fingerprint(_ bytes: [UInt8]) -> String {
    String(bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 16)
  }
}
