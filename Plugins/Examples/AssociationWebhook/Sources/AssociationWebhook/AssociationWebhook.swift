public import LiaisonKit

/// Posts every association to a receiver, in order and at least once. Its README says how it is configured.
public struct AssociationWebhook: Plugin, ImmediateMiddleware {
  /// `association-webhook`
  public static let name = "association-webhook"
  /// Semantic version.
  public static let version = "1.0.0"

  private let context: PluginContext
  private let delivery: Delivery

  /// Reads the configuration.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    self.context = context
    delivery = Delivery(try WebhookOptions(configuration, path: context.path), context)
  }

  /// Begins to follow the store, when no other server on it does.
  public func start() async throws {
    // Now and not when this server's turn comes: calls are answered from here on, and none shall be missed.
    _ = try await context.feed.begin()
    context.background.runOnOneServer("deliver") { [delivery] in await delivery.run() }
  }

  /// Lets every call pass: what is posted is what the store has accepted, not what was asked for.
  public func admit(_ call: Call) throws -> Bool { true }
}
