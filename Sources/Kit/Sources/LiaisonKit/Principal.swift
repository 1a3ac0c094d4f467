/// What a principal may do. An operation needs one role.
public struct Roles: OptionSet, Sendable, Hashable {
  /// One bit a role.
  public let rawValue: UInt8

  /// Roles by their bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Queries.
  public static let read = Roles(rawValue: 1)
  /// Changes of services, states, tasks and profiles; purges and exports to files.
  public static let write = Roles(rawValue: 2)
  /// Schemas, identification keys, and the server's mode.
  public static let schema = Roles(rawValue: 4)
  /// Everything.
  public static let administrator = Roles(rawValue: 0xFF)

  /// The roles by the names that configurations use.
  public static let names: [(name: String, role: Roles)] = [
    ("read", .read), ("write", .write), ("schema", .schema), ("administrator", .administrator),
  ]

  /// The names of the roles in the set.
  public var names: [String] {
    if self == .administrator { return ["administrator"] }
    return Self.names.filter { $0.role != .administrator && contains($0.role) }.map(\.name)
  }

  /// The role of that name; `nil` if there is none.
  public init?(name: String) {
    guard let role = Self.names.first(where: { $0.name == name })?.role else { return nil }
    self = role
  }
}

/// Who makes a call.
public final class Principal: Sendable {
  /// The user's or key's name.
  public let name: String
  /// What it may do.
  public let roles: Roles

  /// A principal by name and roles.
  public init(name: String, roles: Roles) {
    self.name = name
    self.roles = roles
  }
}
