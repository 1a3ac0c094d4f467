/// Whose data a call is about. Services, profiles and schemas of one tenant are invisible to another.
public struct Tenant: Hashable, Sendable {
  /// The number under which the store keeps the tenant.
  public let rawValue: Int64

  /// A tenant by its number in the store.
  public init(rawValue: Int64) { self.rawValue = rawValue }

  /// The one tenant of a server that is not set up for several.
  public static let single = Tenant(rawValue: 1)
}
