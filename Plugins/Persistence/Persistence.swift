import ContextModel
public import ContextStore
import JSON
public import LiaisonKit
public import MappingCache

/// The pipeline's end: every call that reaches it is answered from the store and the mapping cache.
///
/// Unlike the other stages it is made by the server, which owns the store and the cache.
public struct Persistence: Middleware {
  /// The name under which configurations list it.
  public static let name = "persistence"

  let store: ContextStore
  let cache: MappingCache?
  let schemas: SchemaRegistry
  let status: @Sendable () -> [UInt8]

  /// The pipeline's end.
  ///
  /// - Parameters:
  ///   - cache: `nil` if Redis is off.
  ///   - schemas: gets every schema that is created.
  ///   - status: the body of `GET /server/status`.
  public init(
    store: ContextStore, cache: MappingCache?, schemas: SchemaRegistry,
    status: @escaping @Sendable () -> [UInt8]
  ) {
    self.store = store
    self.cache = cache
    self.schemas = schemas
    self.status = status
  }

  /// Answers the call; there is nothing behind this stage.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    if let malformed = call.malformed { throw malformed }
    switch call.operation {
    case .startService: return try await start(call)
    case .associateService: return try await associate(call)
    case .completeService: return try await complete(call)
    case .queryService: return try await service(call)
    case .queryCustomerServices, .queryAnonymousServices: return try await services(call)
    case .createServiceExtensionSchema: return try await createSchema(call)
    case .queryServiceExtensionSchema: return try schema(call)
    case .serverStatus: return Reply(content: .json(status()))
    case .queryBusinessAttributeSchema:
      // Its stage answers it; without that stage there are no business attributes.
      if let name = call.name { throw ContextError.businessAttributeNotFound(name) }
      return Reply(content: .json(Array("[]".utf8)))
    }
  }
}

extension ContextError {
  /// 404: no business attribute of that name.
  static func businessAttributeNotFound(_ name: String) -> ContextError {
    ContextError(
      status: 404, code: "business_attribute_not_found", message: "There is no business attribute \(name).",
      field: "name")
  }
}
