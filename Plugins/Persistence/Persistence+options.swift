public import LiaisonKit

extension Persistence {
  /// Where versions of the API differ.
  public struct Options: Sendable {
    /// Whether the services of a customer go with the profile, as in version 8.1, or stay, as in 8.5.
    public var deletesServices = false
    /// Whether the services of a profile that is merged come along, as in version 8.1.3, or stay, as in 8.5.
    public var mergesServices = true

    /// What counts if nothing is configured.
    public init() {}

    /// Reads the section `plugins.persistence`.
    ///
    /// - Throws: an error that names the key.
    public init(_ section: ConfigurationSection) throws(ConfigurationError) {
      self.init()
      deletesServices = try section.bool("delete-services-with-profile", default: deletesServices)
      mergesServices = try section.bool("merge-services-with-profile", default: mergesServices)
      try section.requireAllRead()
    }
  }
}
