/// How a PostgreSQL store is reached.
public struct PostgresOptions: Sendable, Equatable {
  /// A connection string as libpq takes it: a URI or `keyword=value` pairs. What it leaves out comes from the `PG…`
  /// variables, the service file and the password file.
  public var connection: String
  /// The longest time in milliseconds to reach the server, 1 or more.
  public var connectTimeout: Int
  /// The longest time in milliseconds that one round trip may take, 1 or more: the server ends the statement, and if
  /// even that is not heard of the connection is given up.
  public var statementTimeout: Int

  /// Options with the defaults that suit a server in the same data center.
  public init(connection: String, connectTimeout: Int = 2000, statementTimeout: Int = 5000) {
    self.connection = connection
    self.connectTimeout = connectTimeout
    self.statementTimeout = statementTimeout
  }
}
