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
  let audience: CacheAudience?
  let schemas: SchemaRegistry
  let options: Options
  let longestCustomerID: Int
  let mode: ServerMode
  let blocking: BlockingPool
  let progress: ImportProgress
  /// Where files are exported to, and imported from.
  let folder: String
  let status: @Sendable () -> [UInt8]

  /// The pipeline's end.
  ///
  /// - Parameters:
  ///   - cache: `nil` if Redis is off.
  ///   - schemas: gets every schema that is created.
  ///   - options: where versions of the API differ.
  ///   - longestCustomerID: in characters.
  ///   - mode: which calls are taken.
  ///   - blocking: for files.
  ///   - folder: where files are exported to, and imported from.
  ///   - status: the body of `GET /server/status`.
  public init(
    store: ContextStore, cache: MappingCache?, schemas: SchemaRegistry,
    options: Options = Options(), longestCustomerID: Int, mode: ServerMode, blocking: BlockingPool,
    folder: String,
    status: @escaping @Sendable () -> [UInt8]
  ) {
    self.store = store
    self.cache = cache
    progress = ImportProgress(store)
    audience = cache.map(CacheAudience.init)
    self.schemas = schemas
    self.options = options
    self.longestCustomerID = longestCustomerID
    self.mode = mode
    self.blocking = blocking
    self.folder = folder
    self.status = status
  }

  /// Answers the call; there is nothing behind this stage.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    try requireUnderstood(call)
    switch call.operation {
    case .startService: return try await start(call)
    case .associateService, .completeService: return try await begun(call)
    // The request may pass; its items follow as calls of their own.
    case .associateServices: return Reply()
    case .queryService: return try await service(call)
    case .queryCustomerServices, .queryAnonymousServices: return try await services(call)
    case .deleteService: return try await delete(call)
    case .updateExpirationTime: return try await updateExpiration(call)
    case .updateServiceExtension: return try await putExtension(call, of: nil)
    case .mergeServiceExtension: return try await putExtension(call, of: nil, merging: true)
    case .queryAssociations: return try await associations(call)
    case .startState: return try await start(.state, call)
    case .completeState: return try await complete(.state, call)
    case .performStateTransition: return try await performTransition(call)
    case .queryStates, .queryState: return try await parts(.state, call)
    case .updateStateExtension: return try await putExtension(call, of: .state)
    case .mergeStateExtension: return try await putExtension(call, of: .state, merging: true)
    case .startTask: return try await start(.task, call)
    case .completeTask: return try await complete(.task, call)
    case .queryTasks, .queryTask: return try await parts(.task, call)
    case .updateTaskExtension: return try await putExtension(call, of: .task)
    case .mergeTaskExtension: return try await putExtension(call, of: .task, merging: true)
    case .createServiceExtensionSchema: return try await createSchema(call, of: .service)
    case .createStateExtensionSchema: return try await createSchema(call, of: .state)
    case .createTaskExtensionSchema: return try await createSchema(call, of: .task)
    case .queryServiceExtensionSchema: return try schema(call, of: .service)
    case .queryStateExtensionSchema: return try schema(call, of: .state)
    case .queryTaskExtensionSchema: return try schema(call, of: .task)
    case .createProfileExtensionSchema: return try await createSchema(call, of: .profile)
    case .queryProfileExtensionSchema: return try schema(call, of: .profile)
    case .deleteProfileExtensionSchema: return try await deleteProfileSchema(call)
    case .createIdentificationKey: return try await createIdentificationKey(call)
    case .queryIdentificationKeys: return try await identificationKeys(call)
    case .deleteIdentificationKey: return try await deleteIdentificationKey(call)
    case .queryProfileSchema: return try await profileSchema(call)
    case .queryMetadata: return metadata()
    case .identifyCustomer: return try await identify(call)
    case .queryProfile: return try await profile(call)
    case .createProfile: return try await createProfile(call)
    case .updateProfile: return try await updateProfile(call, extensionsOnly: false)
    case .insertProfileExtensions: return try await updateProfile(call, extensionsOnly: true)
    case .deleteProfile: return try await deleteProfile(call)
    case .importProfiles: return try await importProfiles(call)
    case .queryImport: return try await importState(call)
    case .mergeProfiles: return try await mergeProfiles(call)
    case .updateProfileRecord: return try await changeProfileRecord(call, deleting: false)
    case .deleteProfileRecord: return try await changeProfileRecord(call, deleting: true)
    case .queryServiceInteractions: return try await serviceInteractions(call)
    case .queryCustomerInteractions: return try await customerInteractions(call)
    case .queryInteraction: return try await interaction(call)
    case .queryInteractionContent: throw ContextError.contentNotKept(call.name ?? "")
    case .exportCustomer: return try await exportCustomer(call)
    case .eraseCustomer: return try await eraseCustomer(call)
    case .purgeServices: return try await purge(call)
    case .exportServicesStream: return try await exportStream(call)
    case .exportServicesFiles: return try await exportFiles(call)
    case .setServerMode: return try await setMode(call)
    case .serverStatus: return Reply(content: .json(status()))
    case .queryBusinessAttributeSchema:
      // Its stage answers it; without that stage there are no business attributes.
      if let name = call.name { throw ContextError.businessAttributeNotFound(name) }
      return Reply(content: .json(Array("[]".utf8)))
    }
  }
}

extension Persistence {
  /// Not inlined and without a type for what it throws: the error would lie in the frame of every call's task.
  @inline(never)
  func requireUnderstood(_ call: Call) throws {
    if let malformed = call.malformed { throw malformed }
    try mode.require(call.operation)
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
