/// The operations of the API. Their methods, paths and needs stand in one table of the server's.
public enum Operation: String, CaseIterable, Sendable {
  /// Start Service.
  case startService = "start-service"
  /// Associate Service.
  case associateService = "associate-service"
  /// Associate many services. Stages see the request as a whole, which they let pass or not, and then each of its items as
  /// an Associate Service call of its own.
  ///
  /// The reply to the whole comes back through the stages before the first item begins. Its headers stand on the answer, which
  /// begins with the first results; those of an item's reply do not, for the answer has one head for all. Items begin in their
  /// order; one for which a stage waits may be overtaken by those behind it.
  case associateServices = "associate-services"
  /// Complete Service.
  case completeService = "complete-service"
  /// Query Service by ID.
  case queryService = "query-service-by-id"
  /// Query Services of a customer.
  case queryCustomerServices = "query-customer-services"
  /// Query Anonymous Services, by contact key.
  case queryAnonymousServices = "query-anonymous-services"
  /// Delete Service by ID.
  case deleteService = "delete-service"
  /// Update Expiration Time.
  case updateExpirationTime = "update-expiration-time"
  /// Update Service Extension.
  case updateServiceExtension = "update-service-extension"
  /// Merge Extension Data of a service.
  case mergeServiceExtension = "merge-service-extension"
  /// The customers a service has belonged to.
  case queryAssociations = "query-associations"
  /// Start State.
  case startState = "start-state"
  /// Complete State.
  case completeState = "complete-state"
  /// Perform State Transition.
  case performStateTransition = "perform-state-transition"
  /// Query States.
  case queryStates = "query-states"
  /// Query State by ID.
  case queryState = "query-state-by-id"
  /// Update State Extension.
  case updateStateExtension = "update-state-extension"
  /// Merge Extension Data of a state.
  case mergeStateExtension = "merge-state-extension"
  /// Start Task.
  case startTask = "start-task"
  /// Complete Task.
  case completeTask = "complete-task"
  /// Query Tasks.
  case queryTasks = "query-tasks"
  /// Query Task by ID.
  case queryTask = "query-task-by-id"
  /// Update Task Extension.
  case updateTaskExtension = "update-task-extension"
  /// Merge Extension Data of a task.
  case mergeTaskExtension = "merge-task-extension"
  /// Create Service Extension Schema.
  case createServiceExtensionSchema = "create-service-extension-schema"
  /// Query Service Extension Schema, one or all.
  case queryServiceExtensionSchema = "query-service-extension-schema"
  /// Create State Extension Schema.
  case createStateExtensionSchema = "create-state-extension-schema"
  /// Query State Extension Schema, one or all.
  case queryStateExtensionSchema = "query-state-extension-schema"
  /// Create Task Extension Schema.
  case createTaskExtensionSchema = "create-task-extension-schema"
  /// Query Task Extension Schema, one or all.
  case queryTaskExtensionSchema = "query-task-extension-schema"
  /// Query Business Attribute Schema, one or all.
  case queryBusinessAttributeSchema = "query-business-attribute-schema"
  /// Identify Customer.
  case identifyCustomer = "identify-customer"
  /// Query Customer Profile.
  case queryProfile = "query-profile"
  /// Create Customer Profile.
  case createProfile = "create-profile"
  /// Update Customer Profile.
  case updateProfile = "update-profile"
  /// Delete Customer Profile.
  case deleteProfile = "delete-profile"
  /// Merge Customer Profile.
  case mergeProfiles = "merge-profiles"
  /// Bulk Profile Import.
  case importProfiles = "import-profiles"
  /// How far an import is.
  case queryImport = "query-import"
  /// Insert Extension Records.
  case insertProfileExtensions = "insert-profile-extensions"
  /// Update Record in Profile Extension.
  case updateProfileRecord = "update-profile-record"
  /// Delete Record From Profile Extension.
  case deleteProfileRecord = "delete-profile-record"
  /// Get Metadata.
  case queryMetadata = "query-metadata"
  /// Query Profile Schema.
  case queryProfileSchema = "query-profile-schema"
  /// Create Profile Extension Schema.
  case createProfileExtensionSchema = "create-profile-extension-schema"
  /// Query Profile Extension Schema, one or all.
  case queryProfileExtensionSchema = "query-profile-extension-schema"
  /// Delete Profile Extension Schema.
  case deleteProfileExtensionSchema = "delete-profile-extension-schema"
  /// Create Identification Key.
  case createIdentificationKey = "create-identification-key"
  /// Query Identification Keys, one or all.
  case queryIdentificationKeys = "query-identification-keys"
  /// Delete Identification Key.
  case deleteIdentificationKey = "delete-identification-key"
  /// Query Interactions of a customer.
  case queryCustomerInteractions = "query-customer-interactions"
  /// Query Interactions of a service.
  case queryServiceInteractions = "query-service-interactions"
  /// Query Interactions: one by its id.
  case queryInteraction = "query-interaction"
  /// The content of an interaction: it is not kept here.
  case queryInteractionContent = "query-interaction-content"
  /// Export a person: everything that is known of a customer.
  case exportCustomer = "export-customer"
  /// Erase a person.
  case eraseCustomer = "erase-customer"
  /// Purge Services.
  case purgeServices = "purge-services"
  /// Export Services to JSON Stream.
  case exportServicesStream = "export-services-stream"
  /// Export Services to File.
  case exportServicesFiles = "export-services-files"
  /// Set Server Mode.
  case setServerMode = "set-server-mode"
  /// The server's status.
  case serverStatus = "server-status"
}
