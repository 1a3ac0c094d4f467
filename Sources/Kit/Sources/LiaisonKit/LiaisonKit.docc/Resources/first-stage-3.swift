import ContextModel
public import LiaisonKit

/// Refuses to associate services with customers who want no more calls.
public struct ClosedCustomers: Plugin, Middleware {
  /// `closed-customers`
  public static let name = "closed-customers"
  /// Semantic version.
  public static let version = "1.0.0"

  private let closed: Set<String>
  private let refused: Counter

  /// Reads the configuration.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    closed = Set(try configuration.strings("customers") ?? [])
    refused = context.metrics.counter(
      "liaison_closed_customers_refused_total", help: "Associations that were refused.")
  }

  /// Refuses associations with closed customers, and passes everything else on.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    if call.operation == .associateService, let customer = call.customerID, closed.contains(customer) {
      refused.add()
      throw ContextError(
        status: 403, code: "customer_closed", message: "The customer wants no more calls.",
        field: "customer_id")
    }
    return try await next(call)
  }
}
