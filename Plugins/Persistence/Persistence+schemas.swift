import ContextModel
import ContextStore
import JSON
import LiaisonKit

extension Persistence {
  /// Create Service, State or Task Extension Schema. In force on all loops once it is durable.
  func createSchema(_ call: Call, of owner: SchemaCatalog.Owner) async throws -> Reply {
    let schema = try ExtensionSchema(decoding: try required(call.body))
    _ = try await store.write(
      CreateExtensionSchema(
        tenant: call.tenant, owner: owner, name: schema.name, text: schema.text, at: call.receivedAt,
        principal: call.principal?.name))
    schemas.add(schema, to: owner, of: call.tenant)
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
}
