/// What TLS to Redis needs to know.
public struct TLSOptions: Sendable, Equatable {
  /// A file of certificates in PEM, of whom a server's must come from; `nil` for those that the system trusts.
  public var authorities: String?
  /// A file with this client's certificate in PEM, and those above it; `nil` for none.
  public var certificate: String?
  /// The file of its key in PEM, without a pass phrase.
  public var key: String?
  /// The name or address that servers' certificates must be for; `nil` for the host that is connected to.
  public var name: String?

  /// TLS as the system is set up for it.
  public init() {}
}
