import ContextModel
public import LiaisonKit

/// Refuses to associate services with customers who want no more calls.
public struct ClosedCustomers: Plugin, ImmediateMiddleware {
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

  /// Refuses associations with closed customers, and lets everything else pass.
  public func admit(_ call: Call) throws -> Bool {
    if call.operation == .associateService, let customer = call.customerID, closed.contains(customer) {
      refused.add()
      throw ContextError(
        status: 403, code: "customer_closed", message: "The customer wants no more calls.",
        field: "customer_id")
    }
    return true
  }
}
