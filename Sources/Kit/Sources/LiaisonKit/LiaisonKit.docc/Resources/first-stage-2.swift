public import LiaisonKit

/// Refuses to associate services with customers who want no more calls.
public struct ClosedCustomers: Plugin, ImmediateMiddleware {
  /// `closed-customers`
  public static let name = "closed-customers"
  /// Semantic version.
  public static let version = "1.0.0"

  private let closed: Set<String>

  /// Reads the configuration.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    closed = Set(try configuration.strings("customers") ?? [])
  }

  /// Lets every call pass.
  public func admit(_ call: Call) throws -> Bool { true }
}
