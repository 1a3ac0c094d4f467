public import LiaisonKit

/// Checks and maps the fields that hold values of business attributes. Its README says how it is configured.
///
/// Any thread may use it.
public final class BusinessAttributesPlugin: Plugin {
  /// `business-attributes`
  public static let name = "business-attributes"

  /// The stage.
  public let middleware: any Middleware

  /// Reads the configuration.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    let mapping = try AttributeMapping(configuration)
    if let core = mapping.coreAttributes { context.schemas.allow(core) }
    middleware = AttributeMapper(mapping)
  }
}
