import CTLS

/// What all connections to Redis have in common about TLS: whom to trust, and who this is. Any thread.
///
/// A server's certificate is verified, and with it the name; nothing turns that off.
public final class TLSContext: Sendable, Equatable {
  /// What it was made of.
  public let options: TLSOptions
  /// Owned; OpenSSL counts the sessions that use it too. Not changed after init, and then for any thread.
  private nonisolated(unsafe) let context: OpaquePointer

  /// Reads the files.
  ///
  /// - Throws: ``TLSError`` that names the option whose file cannot be used.
  public init(_ options: TLSOptions) throws(TLSError) {
    self.options = options
    guard let made = SSL_CTX_new(TLS_client_method()) else { throw TLSError.latest("TLS cannot be used") }
    context = made
    ctls_set_up(made)
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nil)
    ERR_clear_error()
    // What this throws ends this object, and with it the context.
    try Self.load(options, into: made)
  }

  private static func load(_ options: TLSOptions, into context: OpaquePointer) throws(TLSError) {
    if let file = options.authorities {
      guard SSL_CTX_load_verify_file(context, file) == 1 else {
        throw TLSError.latest("ca: no certificates can be read in \(file)")
      }
    } else {
      guard SSL_CTX_set_default_verify_paths(context) == 1 else {
        throw TLSError.latest("the system's certificates cannot be read")
      }
    }
    guard (options.certificate == nil) == (options.key == nil) else {
      throw TLSError("cert and key need each other")
    }
    guard let certificate = options.certificate, let key = options.key else { return }
    guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
      throw TLSError.latest("cert: no certificate can be read in \(certificate)")
    }
    guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
      throw TLSError.latest("key: no key of that certificate can be read in \(key)")
    }
  }

  deinit { SSL_CTX_free(context) }

  /// A client's end on a socket that is connected.
  ///
  /// - Parameters:
  ///   - descriptor: stays the caller's, who closes it after the session's end of life.
  ///   - host: whose certificate it must be, where ``TLSOptions/name`` does not say otherwise.
  func session(on descriptor: Int32, to host: String) throws(TLSError) -> TLSSession {
    ERR_clear_error()
    guard let session = SSL_new(context) else { throw TLSError.latest("TLS cannot be begun") }
    let made = TLSSession(owning: session)
    let name = options.name ?? host
    guard SSL_set_fd(session, descriptor) == 1, made.expect(name) else {
      throw TLSError.latest("TLS cannot be begun")
    }
    return made
  }

  /// Whether both are made of the same options.
  public static func == (one: TLSContext, other: TLSContext) -> Bool { one.options == other.options }
}

/// Why TLS cannot be used, for people.
public struct TLSError: Error, Equatable, CustomStringConvertible {
  /// One line.
  public let description: String

  init(_ description: String) { self.description = description }

  /// With what OpenSSL last complained of on this thread, if it did.
  static func latest(_ description: String) -> TLSError {
    let code = ERR_peek_last_error()
    guard let reason = ERR_reason_error_string(code) else { return TLSError(description) }
    return TLSError("\(description) (\(String(cString: reason)))")
  }
}
