/// The version of this server.
public enum Version {
  /// Semantic version.
  public static let current = "0.1.0"
}
