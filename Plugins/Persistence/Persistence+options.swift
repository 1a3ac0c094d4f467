public import ContextModel
public import LiaisonKit

extension Persistence {
  /// The options of the pipeline's end: where API versions differ, and how long services live.
  public struct Options: Sendable {
    /// Whether the services of a customer go with the profile, as in version 8.1, or stay, as in 8.5.
    public var deletesServices = false
    /// Whether the services of a profile that is merged come along, as in version 8.1.3, or stay, as in 8.5.
    public var mergesServices = true
    /// The status of deleting a service that does not exist: 404, or 400 as in version 8.5.
    public var unknownOnDelete = 404
    /// How long services are kept and stay open.
    public var lifetime = LifetimePolicy()
    /// How often the server looks for services that have expired or must be completed.
    public var sweepInterval = Duration.seconds(60)

    /// What counts if nothing is configured.
    public init() {}

    /// Reads the section `plugins.persistence`.
    ///
    /// - Throws: an error that names the key.
    public init(_ section: ConfigurationSection) throws(ConfigurationError) {
      self.init()
      deletesServices = try section.bool("delete-services-with-profile", default: deletesServices)
      mergesServices = try section.bool("merge-services-with-profile", default: mergesServices)
      let status = try section.integer("unknown-service-on-delete", in: 400...404, default: unknownOnDelete)
      guard status == 400 || status == 404 else {
        throw section.error("unknown-service-on-delete", "must be 404 or, as in version 8.5, 400")
      }
      unknownOnDelete = status
      lifetime.expiration = try Self.lifetime(section, "expiration")
      let types = try section.section("expiration-of-types")
      for type in types.keys {
        guard let seconds = try Self.lifetime(types, type) else { continue }
        lifetime.expirationOfTypes[Int64(type).map(AttributeValue.id) ?? .name(type)] = seconds
      }
      try types.requireAllRead()
      lifetime.autoCompleteAfter = try Self.lifetime(section, "auto-complete-after")
      sweepInterval = try section.duration("sweep-interval", default: sweepInterval)
      guard sweepInterval >= .milliseconds(10) else {
        throw section.error("sweep-interval", "must be at least \"10ms\"")
      }
      try section.requireAllRead()
    }

    /// A time such as `5y`; `off`, or nothing, is `nil`.
    private static func lifetime(
      _ section: ConfigurationSection, _ key: String
    ) throws(ConfigurationError) -> Int64? {
      guard let text = try section.string(key), text != "off" else { return nil }
      guard let seconds = LifetimePolicy.seconds(text) else {
        throw section.error(
          key,
          "must be an integer and one of s, m, h, d, w, M (30 days), y (365 days), such as \"5y\", or \"off\""
        )
      }
      return seconds
    }
  }
}
