import ContextModel
import HTTP
import LiaisonKit

/// The table of operations: routes, privileges and metrics labels all come from it.
public enum OperationTable {
  /// All rows. Paths are the 8.1 spelling; the 8.5 one puts a prefix before them.
  public static let rows: [OperationRow] = [
    OperationRow(
      .startService, .post, "/services/start", needs: .write, body: .event(.start), success: 201,
      headers: [.location], isIdempotent: true),
    OperationRow(
      .associateService, .post, "/customers/{customer_id}/services/{service_id}", needs: .write,
      body: .event(.association), isConditional: true),
    OperationRow(
      .associateServices, .post, "/associations", needs: .write, body: .associations),
    OperationRow(
      .completeService, .post, "/services/{service_id}/end", needs: .write, body: .event(.end),
      isConditional: true),
    OperationRow(
      .queryService, .get, "/services/{service_id}", needs: .read,
      parameters: QueryParameter.includes + [.extensions], headers: [.tag, .cacheStatus]),
    OperationRow(
      .queryCustomerServices, .get, "/customers/{customer_id}/services", needs: .read,
      parameters: QueryParameter.lists),
    OperationRow(
      .queryCustomerServices, .get, "/customers/{customer_id}/services/active", needs: .read,
      parameters: QueryParameter.lists, status: .active),
    OperationRow(
      .queryCustomerServices, .get, "/customers/{customer_id}/services/completed", needs: .read,
      parameters: QueryParameter.lists, status: .completed),
    OperationRow(
      .queryAnonymousServices, .get, "/services/anonymous/{contact_key}", needs: .read,
      parameters: QueryParameter.lists),
    OperationRow(
      .queryAnonymousServices, .get, "/services/anonymous/{contact_key}/active", needs: .read,
      parameters: QueryParameter.lists, status: .active),
    OperationRow(
      .queryAnonymousServices, .get, "/services/anonymous/{contact_key}/completed", needs: .read,
      parameters: QueryParameter.lists, status: .completed),
    OperationRow(.queryAssociations, .get, "/services/{service_id}/associations", needs: .read),
    OperationRow(.deleteService, .delete, "/services/{service_id}", needs: .write, isConditional: true),
    OperationRow(
      .updateExpirationTime, .put, "/services/{service_id}", needs: .write, body: .event(.expiration),
      isConditional: true),
    OperationRow(
      .updateServiceExtension, .put, "/services/{service_id}/extensions/{ext_name}", needs: .write,
      body: .value, isConditional: true),
    OperationRow(
      .mergeServiceExtension, .put, "/services/{service_id}/extensions/{ext_name}/merge", needs: .write,
      body: .value, isConditional: true),

    OperationRow(
      .startState, .post, "/services/{service_id}/states/start", needs: .write,
      body: .event(.stateStart),
      of: .state, success: 201, headers: [.location], isIdempotent: true),
    OperationRow(
      .completeState, .post, "/services/{service_id}/states/{state_id}/end", needs: .write,
      body: .event(.stateEnd), of: .state, isConditional: true),
    OperationRow(
      .performStateTransition, .post, "/services/{service_id}/states/transition", needs: .write,
      body: .event(.transition), of: .state, headers: [.location], isConditional: true),
    OperationRow(
      .queryStates, .get, "/services/{service_id}/states", needs: .read, parameters: QueryParameter.states,
      of: .state),
    OperationRow(
      .queryStates, .get, "/services/{service_id}/states/active", needs: .read,
      parameters: QueryParameter.states, status: .active, of: .state),
    OperationRow(
      .queryStates, .get, "/services/{service_id}/states/completed", needs: .read,
      parameters: QueryParameter.states, status: .completed, of: .state),
    OperationRow(
      .queryState, .get, "/services/{service_id}/states/{state_id}", needs: .read,
      parameters: [.activeTasks, .completedTasks, .extensions], of: .state, headers: [.tag]),
    OperationRow(
      .updateStateExtension, .put, "/services/{service_id}/states/{state_id}/extensions/{ext_name}",
      needs: .write, body: .value, of: .state, isConditional: true),
    OperationRow(
      .mergeStateExtension, .put, "/services/{service_id}/states/{state_id}/extensions/{ext_name}/merge",
      needs: .write, body: .value, of: .state, isConditional: true),

    OperationRow(
      .startTask, .post, "/services/{service_id}/tasks/start", needs: .write,
      body: .event(.taskStart),
      of: .task, success: 201, headers: [.location], isIdempotent: true),
    OperationRow(
      .completeTask, .post, "/services/{service_id}/tasks/{task_id}/end", needs: .write,
      body: .event(.taskEnd), of: .task, isConditional: true),
    OperationRow(
      .queryTasks, .get, "/services/{service_id}/tasks", needs: .read, parameters: QueryParameter.tasks,
      of: .task),
    OperationRow(
      .queryTasks, .get, "/services/{service_id}/tasks/active", needs: .read,
      parameters: QueryParameter.tasks, status: .active, of: .task),
    OperationRow(
      .queryTasks, .get, "/services/{service_id}/tasks/completed", needs: .read,
      parameters: QueryParameter.tasks, status: .completed, of: .task),
    OperationRow(
      .queryTask, .get, "/services/{service_id}/tasks/{task_id}", needs: .read, parameters: [.extensions],
      of: .task, headers: [.tag]),
    OperationRow(
      .updateTaskExtension, .put, "/services/{service_id}/tasks/{task_id}/extensions/{ext_name}",
      needs: .write, body: .value, of: .task, isConditional: true),
    OperationRow(
      .mergeTaskExtension, .put, "/services/{service_id}/tasks/{task_id}/extensions/{ext_name}/merge",
      needs: .write, body: .value, of: .task, isConditional: true),

    OperationRow(
      .createServiceExtensionSchema, .post, "/metadata/services/extensions", needs: .schema, body: .schema,
      of: .service, success: 201, headers: [.location], standsAlone: true),
    OperationRow(
      .queryServiceExtensionSchema, .get, "/metadata/services/extensions", needs: .read, of: .service),
    OperationRow(
      .queryServiceExtensionSchema, .get, "/metadata/services/extensions/{name}", needs: .read, of: .service),
    OperationRow(
      .createStateExtensionSchema, .post, "/metadata/states/extensions", needs: .schema, body: .schema,
      of: .state, success: 201, headers: [.location], standsAlone: true),
    OperationRow(.queryStateExtensionSchema, .get, "/metadata/states/extensions", needs: .read, of: .state),
    OperationRow(
      .queryStateExtensionSchema, .get, "/metadata/states/extensions/{name}", needs: .read, of: .state),
    OperationRow(
      .createTaskExtensionSchema, .post, "/metadata/tasks/extensions", needs: .schema, body: .schema,
      of: .task, success: 201, headers: [.location], standsAlone: true),
    OperationRow(.queryTaskExtensionSchema, .get, "/metadata/tasks/extensions", needs: .read, of: .task),
    OperationRow(
      .queryTaskExtensionSchema, .get, "/metadata/tasks/extensions/{name}", needs: .read, of: .task),
    OperationRow(
      .createProfileExtensionSchema, .post, "/metadata/profiles/extensions", needs: .schema, body: .schema,
      of: .profile, success: 201, headers: [.location], standsAlone: true),
    OperationRow(
      .queryProfileExtensionSchema, .get, "/metadata/profiles/extensions", needs: .read, of: .profile),
    OperationRow(
      .queryProfileExtensionSchema, .get, "/metadata/profiles/extensions/{name}", needs: .read, of: .profile),
    OperationRow(
      .deleteProfileExtensionSchema, .delete, "/metadata/profiles/extensions/{name}", needs: .schema,
      of: .profile, success: 204, standsAlone: true),
    OperationRow(
      .createIdentificationKey, .post, "/metadata/identification-keys", needs: .schema,
      body: .object(isRequired: true), of: .profile, success: 201, headers: [.location], standsAlone: true),
    OperationRow(.queryIdentificationKeys, .get, "/metadata/identification-keys", needs: .read, of: .profile),
    OperationRow(
      .queryIdentificationKeys, .get, "/metadata/identification-keys/{name}", needs: .read, of: .profile),
    OperationRow(
      .deleteIdentificationKey, .delete, "/metadata/identification-keys/{name}", needs: .schema, of: .profile,
      success: 204, standsAlone: true),
    OperationRow(.queryProfileSchema, .get, "/metadata/profiles", needs: .read, of: .profile),
    OperationRow(.queryMetadata, .get, "/metadata", needs: .read),

    OperationRow(
      .identifyCustomer, .get, "/profiles", needs: .read,
      parameters: [.identificationKey, .includeProfile, .includeExtensions, .extensions, .limit], of: .profile
    ),
    OperationRow(
      .createProfile, .post, "/profiles", needs: .write, body: .profile, of: .profile, success: 201,
      headers: [.location, .tag], isIdempotent: true),
    OperationRow(
      .importProfiles, .post, "/profiles/import", needs: .write, body: .object(isRequired: true),
      of: .profile, success: 202, headers: [.location], standsAlone: true),
    OperationRow(.queryImport, .get, "/profiles/import", needs: .read, of: .profile),
    OperationRow(
      .queryProfile, .get, "/profiles/{customer_id}", needs: .read, parameters: [.extensions], of: .profile,
      headers: [.tag]),
    OperationRow(
      .updateProfile, .put, "/profiles/{customer_id}", needs: .write, body: .profile, of: .profile,
      success: 204, headers: [.tag], isConditional: true),
    OperationRow(
      .deleteProfile, .delete, "/profiles/{customer_id}", needs: .write, of: .profile, isConditional: true,
      standsAlone: true),
    OperationRow(
      .mergeProfiles, .put, "/profiles/{customer_id}/merge/{src_id}", needs: .write,
      body: .object(isRequired: false), of: .profile, success: 204, isConditional: true),
    OperationRow(
      .insertProfileExtensions, .post, "/profiles/{customer_id}/extensions", needs: .write,
      body: .profileExtensions, of: .profile, headers: [.tag], isConditional: true),
    OperationRow(
      .updateProfileRecord, .put, "/profiles/{customer_id}/extensions/{ext_name}/by/unique", needs: .write,
      body: .object(isRequired: true), of: .profile, success: 204, headers: [.tag], isConditional: true),
    OperationRow(
      .deleteProfileRecord, .put, "/profiles/{customer_id}/extensions/{ext_name}/delete/by/unique",
      needs: .write, body: .object(isRequired: true), of: .profile, success: 204, headers: [.tag],
      isConditional: true),

    OperationRow(
      .queryBusinessAttributeSchema, .get, "/metadata/business-attributes", needs: .read,
      parameters: [.cvAttribute]),
    OperationRow(
      .queryBusinessAttributeSchema, .get, "/metadata/business-attributes/{name}", needs: .read,
      parameters: [.cvAttribute]),
    OperationRow(
      .queryCustomerInteractions, .get, "/customers/{customer_id}/interactions", needs: .read,
      parameters: [.limit, .after]),
    OperationRow(
      .queryServiceInteractions, .get, "/services/{service_id}/interactions", needs: .read,
      parameters: [.limit, .after]),
    OperationRow(.queryInteraction, .get, "/interactions/{interaction_id}", needs: .read),
    OperationRow(.queryInteractionContent, .get, "/interactions/{interaction_id}/plain_text", needs: .read),
    OperationRow(
      .queryInteractionContent, .get, "/interactions/{interaction_id}/structured_text", needs: .read),
    OperationRow(
      .queryInteractionContent, .get, "/interactions/{interaction_id}/binary_content", needs: .read),
    OperationRow(.exportCustomer, .get, "/customers/{customer_id}/data", needs: .read),
    OperationRow(.eraseCustomer, .delete, "/customers/{customer_id}/data", needs: .write, standsAlone: true),
    OperationRow(
      .purgeServices, .post, "/maintenance/purge", needs: .write, body: .object(isRequired: true),
      standsAlone: true),
    OperationRow(
      .exportServicesStream, .get, "/maintenance/services/stream", needs: .read,
      parameters: [.timeFrom, .timeTo, .filterEvents, .filterState, .exportContent]),
    OperationRow(
      .exportServicesFiles, .post, "/maintenance/services/files", needs: .write,
      body: .object(isRequired: true), standsAlone: true),
    OperationRow(
      .setServerMode, .post, "/server/mode", needs: .schema, body: .object(isRequired: true),
      headers: [.location], standsAlone: true),
    OperationRow(.serverStatus, .get, "/server/status", needs: .read),
  ]
}
