import ContextModel
import HTTP
import LiaisonKit

/// The table of operations: routes, privileges and metrics labels all come from it.
public enum OperationTable {
  /// All rows. Paths are the 8.1 spelling; the 8.5 one puts a prefix before them.
  public static let rows: [OperationRow] = [
    OperationRow(.startService, .post, "/services/start", needs: .write, body: .event(.start)),
    OperationRow(
      .associateService, .post, "/customers/{customer_id}/services/{service_id}", needs: .write,
      body: .event(.association)),
    OperationRow(.completeService, .post, "/services/{service_id}/end", needs: .write, body: .event(.end)),
    OperationRow(
      .queryService, .get, "/services/{service_id}", needs: .read,
      parameters: QueryParameter.includes + [.extensions]),
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
    OperationRow(
      .createServiceExtensionSchema, .post, "/metadata/services/extensions", needs: .schema, body: .schema),
    OperationRow(.queryServiceExtensionSchema, .get, "/metadata/services/extensions", needs: .read),
    OperationRow(.queryServiceExtensionSchema, .get, "/metadata/services/extensions/{name}", needs: .read),
    OperationRow(
      .queryBusinessAttributeSchema, .get, "/metadata/business-attributes", needs: .read,
      parameters: [.cvAttribute]),
    OperationRow(
      .queryBusinessAttributeSchema, .get, "/metadata/business-attributes/{name}", needs: .read,
      parameters: [.cvAttribute]),
    OperationRow(.serverStatus, .get, "/server/status", needs: .read),
  ]
}
