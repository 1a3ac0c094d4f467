import ContextModel
import JSON
public import LiaisonKit

/// Refuses to associate services with customers who have no profile. Its README says how it is configured.
public struct CustomerAllowList: Plugin, Middleware {
  /// `customer-allow-list`
  public static let name = "customer-allow-list"
  /// Semantic version.
  public static let version = "1.0.0"

  private let operations: Set<Operation>
  private let always: Set<String>
  private let store: any StoreQueries
  private let refused: Counter

  /// Reads the configuration.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    let checksStarts = try configuration.bool("starts", default: false)
    operations = checksStarts ? [.associateService, .startService] : [.associateService]
    always = Set(try configuration.strings("always") ?? [])
    store = context.store
    refused = context.metrics.counter(
      "liaison_customer_allow_list_refused_total", help: "Calls refused for a customer without a profile.")
  }

  /// Passes the call on if its customer is known.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    // What could not be understood is refused at the pipeline's end.
    guard let customer = call.customerID, call.malformed == nil, operations.contains(call.operation),
      !always.contains(customer)
    else { return try await next(call) }
    guard try await store.profile(of: customer, tenant: call.tenant) != nil else {
      refused.add()
      throw ContextError(
        status: 403, code: "unknown_customer",
        message: "There is no profile of this customer: services are associated with known customers only.",
        field: "customer_id", value: JSONWriter.excerpt(of: customer))
    }
    return try await next(call)
  }
}
