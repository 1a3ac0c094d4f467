/// Who a connection to Redis is made for.
public struct RedisCredentials: Sendable, Equatable {
  /// `nil` for Redis's default user.
  public let user: String?
  /// In plain text.
  public let password: String

  /// Reads `user:password`, percent-encoded; `text` is what errors quote.
  init(parsing part: Substring, of text: String) throws(RedisAddressError) {
    guard let colon = part.firstIndex(of: ":") else {
      throw RedisAddressError("\"\(text)\": a user needs a password, as in redis://user:password@host")
    }
    guard let user = part[..<colon].percentDecoded,
      let password = part[part.index(after: colon)...].percentDecoded
    else { throw RedisAddressError("\"\(text)\": user and password must be percent-encoded") }
    self.user = user.isEmpty ? nil : user
    self.password = password
  }

  init(user: String?, password: String) {
    self.user = user
    self.password = password
  }
}
