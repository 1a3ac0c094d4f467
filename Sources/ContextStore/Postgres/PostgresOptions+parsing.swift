import CPostgres

extension PostgresOptions {
  /// Checks a connection string: a URI that begins with `postgres://` or `postgresql://`, or `keyword=value` pairs. What
  /// it says is libpq's to understand; nobody is asked yet.
  ///
  /// - Throws: what is wrong with it, in one line that shows nothing of it: there may be a password in it.
  public init(parsing text: String) throws(StoreError) {
    let scheme = ["postgres://", "postgresql://"].first(where: text.hasPrefix)
    guard scheme != nil || (text.contains("=") && !text.contains("://")) else {
      throw StoreError(
        .cannotOpen,
        "is neither a URI such as \"postgres://user@host/database\" nor pairs such as \"host=… dbname=…\""
      )
    }
    var message: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(text, &message) else {
      defer { PQfreemem(message) }
      // What follows is quoted from the text.
      let kind = message.map { String(cString: $0) }?.prefix { $0 != "\"" && !$0.isNewline }
      throw StoreError(.cannotOpen, "cannot be understood by libpq: \(kind ?? "no memory")…")
    }
    defer { PQconninfoFree(parsed) }
    // Else a part of the password would be taken for a host, a port or a database, and shown with the error that this brings.
    if let scheme, Self.hasStraySign(text.dropFirst(scheme.count)) || !Self.hasPorts(parsed) {
      throw StoreError(
        .cannotOpen,
        "has a port that is no number, or an @ too many: in a URI the characters : / ? # @ % of a user or a password are written as "
          + "%3A %2F %3F %23 %40 %25")
    }
    self.init(connection: text)
  }

  /// Whether there is an `@` more than the one before the host, in what stands behind the scheme of a URI.
  private static func hasStraySign(_ rest: Substring) -> Bool {
    let user = rest.prefix { $0 != "@" && $0 != "/" }
    let isNamed = rest.dropFirst(user.count).first == "@"
    return (isNamed ? rest.dropFirst(user.count + 1) : rest).prefix { $0 != "?" }.contains("@")
  }

  /// Whether the ports are numbers, as far as there are any.
  private static func hasPorts(_ options: UnsafeMutablePointer<PQconninfoOption>) -> Bool {
    var option = options
    while let keyword = option.pointee.keyword {
      if String(cString: keyword) == "port", let value = option.pointee.val {
        return String(cString: value).split(separator: ",").allSatisfy { UInt16($0) != nil }
      }
      option += 1
    }
    return true
  }
}
