import ContextModel
import ContextStore
import JSON
import LiaisonKit

extension Persistence {
  /// How many entries of a key Identify Customer looks at, at most.
  private static let mostCandidates = 10_000

  /// Identify Customer.
  func identify(_ call: Call) async throws -> Reply {
    let query = call.identification ?? IdentificationQuery()
    let keys = try await store.identificationKeys(tenant: call.tenant).filter(\.isReady)
    let key = try query.choose(among: keys)
    let values = key.parameters.prefix(key.score(Set(query.criteria.map(\.attribute)))).compactMap {
      query.value(of: $0)
    }
    let candidates = try await store.customers(
      by: key, values: values, tenant: call.tenant, limit: Self.mostCandidates)
    let limit = call.filter.limit ?? .max
    guard candidates.isComplete || limit < .max else { throw ContextError.tooManyCandidates(key, values) }
    let parser = JSONParser()
    var found: [ProfileRecord] = []
    for customer in candidates.customers {
      guard let profile = try await store.profile(customer, tenant: call.tenant),
        profile.matches(query, parser)
      else { continue }
      found.append(profile)
      // One more than is shown tells whether the first is the only one.
      if found.count > limit { break }
    }
    guard candidates.isComplete || found.count > limit else {
      throw ContextError.tooManyCandidates(key, values)
    }
    let extensions = query.showsExtensionsOfOnlyOne && found.count != 1 ? .none : call.extensions
    var writer = JSONWriter()
    writer.beginArray()
    for profile in found.prefix(limit) {
      if query.includesProfile {
        profile.write(to: &writer, extensions: extensions)
      } else {
        writer.beginObject()
        writer.key("customer_id")
        writer.string(profile.profile.customerID)
        writer.endObject()
      }
    }
    writer.endArray()
    return Reply(content: .json(writer.bytes))
  }

  /// Create Identification Key. Answers when every profile is found by it.
  func createIdentificationKey(_ call: Call) async throws -> Reply {
    var sent = try IdentificationKey(decoding: try required(call.body))
    if sent.source == nil, let core = schemas.coreAttributes { try sent.require(core) }
    if let source = sent.source,
      let schema = schemas.current.schema(source, of: .profile, tenant: call.tenant)
    {
      for attribute in sent.attributes where schema.attribute(attribute) == nil {
        throw ContextError.badField(
          "attributes", code: "bad_schema",
          message: "The extension \(schema.name) has no attribute \(attribute).",
          allowed: schema.attributes.map(\.name))
      }
    }
    let key = try await store.write(
      CreateIdentificationKey(
        tenant: call.tenant, key: sent, at: call.receivedAt, principal: call.principal?.name))
    try await ProfileUpkeep(store: store, tenant: call.tenant).makeReady(
      key, at: call.receivedAt, principal: call.principal?.name)
    var writer = JSONWriter(capacity: 64)
    writer.beginObject()
    writer.key("name")
    writer.string(key.name)
    writer.endObject()
    return Reply(
      status: 201, content: .json(writer.bytes),
      headers: [ReplyHeader("Location", "/metadata/identification-keys/\(key.name)")])
  }

  /// Query Identification Keys: one, or all.
  func identificationKeys(_ call: Call) async throws -> Reply {
    let keys = try await store.identificationKeys(tenant: call.tenant)
    var writer = JSONWriter()
    guard let name = call.name else {
      writer.beginArray()
      for key in keys.sorted(by: { $0.id < $1.id }) { key.write(to: &writer) }
      writer.endArray()
      return Reply(content: .json(writer.bytes))
    }
    guard let key = keys.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      throw ContextError.identificationKeyNotFound(name)
    }
    key.write(to: &writer)
    return Reply(content: .json(writer.bytes))
  }

  /// Delete Identification Key.
  func deleteIdentificationKey(_ call: Call) async throws -> Reply {
    try await ProfileUpkeep(store: store, tenant: call.tenant).remove(
      try required(call.name), at: call.receivedAt, principal: call.principal?.name)
    return Reply(status: 204)
  }
}

extension ContextError {
  /// 422: an answer would leave some out.
  fileprivate static func tooManyCandidates(_ key: IdentificationKey, _ values: [String]) -> ContextError {
    let parameters = key.parameters.prefix(values.count).joined(separator: ",")
    return ContextError(
      status: 422, code: "too_many_candidates",
      message:
        "The identification key \(key.name) finds more customers by \(parameters) than can be looked at. Give more of its attributes, choose another one with id_key, or ask for fewer customers with limit.",
      field: parameters)
  }
}
