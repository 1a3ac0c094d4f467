import ContextModel
import ContextStore
import JSON
@_spi(Server) import LiaisonKit

extension Persistence {
  /// Create Service, State, Task or Profile Extension Schema. In force on all loops once it is durable.
  func createSchema(_ call: Call, of owner: SchemaCatalog.Owner) async throws -> Reply {
    let schema = try ExtensionSchema(decoding: try required(call.body))
    _ = try await store.write(
      CreateExtensionSchema(
        tenant: call.tenant, owner: owner, name: schema.name, text: schema.text, at: call.receivedAt,
        principal: call.principal?.name))
    try await bringInForce(schema.name, of: owner, call.tenant)
    var writer = JSONWriter(capacity: 64)
    writer.beginObject()
    writer.key("name")
    writer.string(schema.name)
    writer.endObject()
    return Reply(
      status: 201, content: .json(writer.bytes),
      headers: [ReplyHeader("Location", "/metadata/\(owner.rawValue)s/extensions/\(schema.name)")])
  }

  /// Query Service, State or Task Extension Schema: one, or all.
  func schema(_ call: Call, of owner: SchemaCatalog.Owner) throws(ContextError) -> Reply {
    let catalog = schemas.current
    guard let name = call.name else {
      var writer = JSONWriter()
      writer.beginArray()
      for schema in catalog.schemas(of: owner, tenant: call.tenant) { schema.write(to: &writer) }
      writer.endArray()
      return Reply(content: .json(writer.bytes))
    }
    guard let schema = catalog.schema(name, of: owner, tenant: call.tenant) else {
      throw ContextError.schemaNotFound(name, owner)
    }
    return Reply(content: .json(schema.text))
  }

  /// Delete Profile Extension Schema: first it is out of force, then all values go.
  func deleteProfileSchema(_ call: Call) async throws -> Reply {
    let name = try required(call.name)
    try await store.write(
      DeleteExtensionSchema(
        tenant: call.tenant, name: name, at: call.receivedAt, principal: call.principal?.name))
    try await bringInForce(name, of: .profile, call.tenant)
    try await ProfileUpkeep(store: store, tenant: call.tenant).drop(name)
    return Reply(status: 204)
  }

  /// Brings in force what the store has of a schema: of two changes of it the later one may be the first to come here.
  private func bringInForce(
    _ name: String, of owner: SchemaCatalog.Owner, _ tenant: Tenant
  ) async throws {
    while true {
      let edits = schemas.editCount
      let stored = try await store.record(.schema(name, of: owner, tenant: tenant))
      let schema = try stored.map { try ExtensionSchema(decoding: JSONParser().parse($0.document).root) }
      let catalog = schemas.current
      let changed =
        schema.map { catalog.adding($0, to: owner, of: tenant) }
        ?? catalog.removing(name, of: owner, tenant: tenant)
      if schemas.replace(with: changed, ifEditedOnly: edits) { return }
    }
  }

  /// Query Profile Schema: the core attributes that keys know of, the keys, and the extensions.
  func profileSchema(_ call: Call) async throws -> Reply {
    let keys = try await store.identificationKeys(tenant: call.tenant)
    var writer = JSONWriter()
    writer.beginObject()
    if let core = schemas.coreAttributes {
      writer.key("attributes")
      writer.beginArray()
      for attribute in core.attributes {
        writer.beginObject()
        writer.key("name")
        writer.string(attribute.name)
        writer.key("type")
        writer.string(attribute.kind.rawValue)
        writer.endObject()
      }
      writer.endArray()
    }
    writer.key("extensions")
    writer.beginArray()
    for schema in schemas.current.schemas(of: .profile, tenant: call.tenant) { schema.write(to: &writer) }
    writer.endArray()
    writer.key("identification_keys")
    writer.beginArray()
    for key in keys { key.write(to: &writer) }
    writer.endArray()
    writer.endObject()
    return Reply(content: .json(writer.bytes))
  }

  /// Get Metadata: where each kind of schema is found.
  func metadata() -> Reply {
    var writer = JSONWriter()
    writer.beginObject()
    for (name, path) in [
      ("business-attributes", "/metadata/business-attributes"),
      ("identification-keys", "/metadata/identification-keys"), ("profiles", "/metadata/profiles"),
      ("profiles-extensions", "/metadata/profiles/extensions"),
      ("services-extensions", "/metadata/services/extensions"),
      ("states-extensions", "/metadata/states/extensions"),
      ("tasks-extensions", "/metadata/tasks/extensions"),
    ] {
      writer.key(name)
      writer.string(path)
    }
    writer.endObject()
    return Reply(content: .json(writer.bytes))
  }
}
