import ContextModel
import ContextStore
import JSON
import LiaisonKit
import MappingCache

extension Persistence {
  /// Create Customer Profile.
  func createProfile(_ call: Call) async throws -> Reply {
    var body = try required(call.profile)
    try body.require(schemas.coreAttributes)
    let customer = body.customerID ?? Self.newCustomerID()
    let change = CreateProfile(
      tenant: call.tenant, customer: customer, body: body, at: call.receivedAt,
      principal: call.principal?.name)
    let location = "/profiles/\(Self.segment(customer))"
    if let key = try idempotencyKey(call) {
      let sent = Array((body.customerID ?? "").utf8) + body.text
      return try await once(call, key, sent: sent, change) { _ in (Self.body(customer), location) }.1
    }
    let revision = try await store.write(change)
    return Reply(
      status: 201, content: .json(Self.body(customer)),
      headers: [ReplyHeader("Location", location), ReplyHeader("ETag", "\"\(revision)\"")])
  }

  private static func body(_ customer: String) -> [UInt8] {
    var writer = JSONWriter(capacity: 64)
    writer.beginObject()
    writer.key("customer_id")
    writer.string(customer)
    writer.endObject()
    return writer.bytes
  }

  /// Query Customer Profile.
  func profile(_ call: Call) async throws -> Reply {
    let customer = try required(call.customerID)
    guard let found = try await store.profile(customer, tenant: call.tenant) else {
      throw ContextError.profileNotFound(customer)
    }
    var writer = JSONWriter()
    found.write(to: &writer, extensions: call.extensions)
    return Reply(
      content: .json(writer.bytes), headers: [ReplyHeader("ETag", "\"\(found.profile.revision)\"")])
  }

  /// Update Customer Profile, Insert Extension Records.
  func updateProfile(_ call: Call, extensionsOnly: Bool) async throws -> Reply {
    var body = try required(call.profile)
    try body.require(schemas.coreAttributes)
    let revision = try await store.write(
      UpdateProfile(
        tenant: call.tenant, customer: try required(call.customerID), body: body,
        extensionsOnly: extensionsOnly, at: call.receivedAt, condition: call.condition,
        principal: call.principal?.name))
    return Reply(status: extensionsOnly ? 200 : 204, headers: [ReplyHeader("ETag", "\"\(revision)\"")])
  }

  /// Update Record in Profile Extension, Delete Record From Profile Extension.
  func changeProfileRecord(_ call: Call, deleting: Bool) async throws -> Reply {
    let name = try required(call.name)
    let record = try required(call.body)
    let unique = schemas.current.schema(name, of: .profile, tenant: call.tenant)?.uniqueAttributes ?? []
    guard !unique.isEmpty else {
      throw ContextError.badField(
        "ext_name", code: "no_unique_attributes",
        message:
          "The extension \(name) has no schema with unique attributes: its records cannot be told apart.",
        allowed: schemas.current.schemas(of: .profile, tenant: call.tenant).filter { !$0.unique.isEmpty }.map(
          \.name))
    }
    for attribute in unique where record[attribute.name] == nil {
      throw ContextError.missingField(
        "\(name).\(attribute.name)",
        "the unique attributes \(unique.map(\.name).joined(separator: ", "))")
    }
    let revision = try await store.write(
      UpdateProfileRecord(
        tenant: call.tenant, customer: try required(call.customerID), name: name, record: record,
        unique: unique,
        deleting: deleting, at: call.receivedAt, condition: call.condition, principal: call.principal?.name))
    return Reply(status: 204, headers: [ReplyHeader("ETag", "\"\(revision)\"")])
  }

  /// Delete Customer Profile.
  func deleteProfile(_ call: Call) async throws -> Reply {
    let customer = try required(call.customerID)
    var condition = call.condition
    if options.deletesServices {
      let owner = ServiceQuery.Owner.customer(customer)
      let many = try await servicesForSteps(of: owner, call)
      if !many.isEmpty {
        // What refuses the call is found before the first step. The profile goes last: a repeated call finds it and does the rest.
        guard let found = try await store.profile(customer, tenant: call.tenant) else {
          throw ContextError.profileNotFound(customer)
        }
        try found.profile.require(condition)
        condition = nil
        _ = try await deleteInSteps(many, call, where: owner.has)
      }
    }
    let ticket = cache?.ticket()
    let deleted = try await store.write(
      DeleteProfile(
        tenant: call.tenant, customer: customer, withServices: options.deletesServices,
        at: call.receivedAt, condition: condition, principal: call.principal?.name), before: audience)
    await cache.show(deleted.map(CachedService.deleted), since: ticket)
    return Reply()
  }

  /// Merge Customer Profile.
  func mergeProfiles(_ call: Call) async throws -> Reply {
    let ticket = cache?.ticket()
    var unique: [String: [AttributeSchema]] = [:]
    for schema in schemas.current.schemas(of: .profile, tenant: call.tenant) {
      unique[schema.name.lowercased()] = schema.uniqueAttributes
    }
    let outcome = try await store.write(
      MergeProfile(
        tenant: call.tenant, customer: try required(call.customerID), source: try required(call.sourceID),
        options: try call.body.map(MergeOptions.init) ?? MergeOptions(),
        movesServices: options.mergesServices,
        uniqueAttributes: unique, at: call.receivedAt, condition: call.condition,
        principal: call.principal?.name), before: audience)
    await cache.show(
      outcome.moved.map(CachedService.init) + outcome.deleted.map(CachedService.deleted), since: ticket)
    return Reply(status: 204)
  }

  /// Sixteen letters and digits that begin with zeros, as the vendor's are.
  static func newCustomerID() -> String {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    return "00" + String((0..<14).map { _ in alphabet.randomElement() ?? "0" })
  }

  /// A path segment: everything but letters, digits and `-._~` is percent-encoded, and of the customer `import`, whose plain
  /// name is the path of another operation, all.
  static func segment(_ text: String) -> String {
    guard text != "import" else { return "%69%6D%70%6F%72%74" }
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return encoded
  }
}
