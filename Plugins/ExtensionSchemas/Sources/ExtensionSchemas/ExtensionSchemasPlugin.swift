public import LiaisonKit

/// Checks the extensions of events against their schemas. Its README says how it is configured.
///
/// Any thread may use it.
public final class ExtensionSchemasPlugin: Plugin {
  /// `extension-schemas`
  public static let name = "extension-schemas"

  /// The stage.
  public let middleware: any Middleware

  /// Reads the configuration.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    let schemas = try configuration.choice("schemas", of: ["on", "off"], default: "on")
    let largest = try configuration.integer("max-extension", in: 1024...(1 << 30), default: 1 << 20)
    try configuration.requireAllRead()
    context.schemas.limitExtensions(to: largest)
    if schemas == "on" { context.schemas.require() }
    middleware = ExtensionChecker(isOn: schemas == "on", schemas: context.schemas, largest: largest)
  }
}
