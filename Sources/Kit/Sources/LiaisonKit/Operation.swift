/// The operations of the API. Their methods, paths and needs stand in one table of the server's.
public enum Operation: String, CaseIterable, Sendable {
  /// Start Service.
  case startService = "start-service"
  /// Associate Service.
  case associateService = "associate-service"
  /// Complete Service.
  case completeService = "complete-service"
  /// Query Service by ID.
  case queryService = "query-service-by-id"
  /// Query Services of a customer.
  case queryCustomerServices = "query-customer-services"
  /// Query Anonymous Services, by contact key.
  case queryAnonymousServices = "query-anonymous-services"
  /// Create Service Extension Schema.
  case createServiceExtensionSchema = "create-service-extension-schema"
  /// Query Service Extension Schema, one or all.
  case queryServiceExtensionSchema = "query-service-extension-schema"
  /// Query Business Attribute Schema, one or all.
  case queryBusinessAttributeSchema = "query-business-attribute-schema"
  /// The server's status.
  case serverStatus = "server-status"
}
