/// Why a server did not start, or a command was not done. One line for people.
public struct StartupError: Error, CustomStringConvertible {
  /// What happened, and where.
  public let description: String

  /// An error by its line.
  public init(_ description: String) { self.description = description }
}
