import CTLS
import Glibc

/// The client's end of TLS on one socket that does not block. The only type, with ``TLSContext``, that touches OpenSSL;
/// one thread at a time. Closing the socket is the caller's.
final class TLSSession {
  /// Owned.
  private let session: OpaquePointer
  private var name = ""

  /// Takes over a session of OpenSSL's.
  init(owning session: OpaquePointer) { self.session = session }

  deinit { SSL_free(session) }

  /// Says whose certificate the other end must have; before the handshake.
  func expect(_ name: String) -> Bool {
    self.name = name
    guard !HostResolver.isNumeric(name) else {
      return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name) == 1
    }
    ctls_ask_for(session, name)
    SSL_set_hostflags(session, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    return SSL_set1_host(session, name) == 1
  }

  /// Goes on with the handshake. Done with 0 when both ends know each other.
  func shakeHands() -> RedisTransport.Progress {
    ERR_clear_error()
    let result = SSL_connect(session)
    return result == 1 ? .done(0) : progress(after: result)
  }

  /// Reads what has come, as far as there is room.
  func read(into room: UnsafeMutableRawBufferPointer) -> RedisTransport.Progress {
    ERR_clear_error()
    let count = SSL_read(session, room.baseAddress, Int32(clamping: room.count))
    return count > 0 ? .done(Int(count)) : progress(after: count)
  }

  /// Whether something has been read from the socket that was not asked for yet.
  var hasMore: Bool { SSL_pending(session) > 0 }

  /// Writes as much as the socket takes.
  func write(_ content: UnsafeRawBufferPointer) -> RedisTransport.Progress {
    ERR_clear_error()
    let count = SSL_write(session, content.baseAddress, Int32(clamping: content.count))
    return count > 0 ? .done(Int(count)) : progress(after: count)
  }

  private func progress(after result: Int32) -> RedisTransport.Progress {
    let system = errno
    switch SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ: return .waits(.read)
    case SSL_ERROR_WANT_WRITE: return .waits(.write)
    case SSL_ERROR_ZERO_RETURN: return .failed(RedisConnectError.closed)
    case SSL_ERROR_SYSCALL:
      return .failed(system == 0 ? .closed : RedisConnectError(reason: String(cString: strerror(system))))
    default: return .failed(RedisConnectError(reason: reason, isLasting: true))
    }
  }

  /// What OpenSSL has against the other end, or that one against this.
  private var reason: String {
    let verdict = SSL_get_verify_result(session)
    if verdict != Int(X509_V_OK) {
      let text = String(cString: X509_verify_cert_error_string(verdict))
      return "the certificate of Redis is not accepted for \(name): \(text)"
    }
    return TLSError.latest("TLS with Redis failed").description
  }
}
