import CPostgres

extension PostgresOptions {
  /// Checks a connection string: a URI that begins with `postgres://` or `postgresql://`, or `keyword=value` pairs. What
  /// it says is libpq's to understand; nobody is asked yet.
  ///
  /// - Throws: why it is none, in one line.
  public init(parsing text: String) throws(StoreError) {
    let isURI = ["postgres://", "postgresql://"].contains(where: text.hasPrefix)
    guard isURI || (text.contains("=") && !text.contains("://")) else {
      throw StoreError(
        .cannotOpen,
        "must be \"sqlite\", a URI such as \"postgres://user@host/database\", or pairs such as \"host=… dbname=…\""
      )
    }
    var message: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(text, &message) else {
      defer { PQfreemem(message) }
      let reason =
        message.map { String(cString: $0) }?.split(whereSeparator: \.isNewline).first ?? "no memory"
      throw StoreError(.cannotOpen, "cannot be understood by libpq: \(reason)")
    }
    PQconninfoFree(parsed)
    self.init(connection: text)
  }
}
