import CEpoll
import EventLoop
import Glibc

/// The way of bytes to Redis and back: a socket that does not block, and TLS on it if wanted. One connection's; loop
/// thread only.
final class RedisTransport {
  /// What came of a step.
  enum Progress {
    /// So many bytes were moved.
    case done(Int)
    /// The socket must be ready for this first.
    case waits(Interest)
    /// It is over.
    case failed(RedisConnectError)
  }

  /// Owned until ``close()``.
  let descriptor: Int32
  private let tls: TLSContext?
  private let host: String
  private var session: TLSSession?
  private var isConnected = false
  private var isClosed = false

  /// Begins to connect.
  ///
  /// - Parameters:
  ///   - address: with a numeric host: a name would be resolved on the loop.
  ///   - named: the same as it was configured: what a certificate must be for.
  ///   - tls: what secures the connection; never on a unix socket.
  init(to address: RedisAddress, named: RedisAddress, _ tls: TLSContext?) throws(RedisConnectError) {
    let target = try SocketAddress(address)
    descriptor = cepoll_socket(target.family)
    if case .tcp(let host, _) = named {
      (self.tls, self.host) = (tls, host)
    } else {
      (self.tls, host) = (nil, "")
    }
    guard descriptor >= 0 else {
      isClosed = true
      throw RedisConnectError(SystemError("socket"))
    }
    if case .tcp = address {
      var on: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }
    var storage = target.storage
    guard cepoll_connect(descriptor, &storage, target.length) == 0 || errno == EINPROGRESS else {
      let failure = SystemError("connect")
      Glibc.close(descriptor)
      isClosed = true
      throw RedisConnectError(failure)
    }
  }

  deinit { precondition(isClosed, "a connection is closed before it goes") }

  /// Goes on with connecting, when the socket is ready for something. Done with 0 when commands may be sent.
  func connect() -> Progress {
    if !isConnected {
      var failure: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
      guard failure == 0 else { return .failed(RedisConnectError(SystemError("connect", errno: failure))) }
      isConnected = true
    }
    guard let tls else { return .done(0) }
    do {
      let session = try session ?? tls.session(on: descriptor, to: host)
      self.session = session
      return session.shakeHands()
    } catch {
      return .failed(RedisConnectError(reason: "\(error)", isLasting: true))
    }
  }

  /// Reads what has come, as far as there is room.
  func read(into room: UnsafeMutableRawBufferPointer) -> Progress {
    if let session { return session.read(into: room) }
    let count = recv(descriptor, room.baseAddress, room.count, 0)
    if count > 0 { return .done(count) }
    return count == 0 ? .failed(.closed) : Self.progress(waitingFor: .read)
  }

  /// Whether there is more to read of which the socket does not tell.
  var hasMore: Bool { session?.hasMore ?? false }

  /// Writes as much as the socket takes.
  func write(_ content: UnsafeRawBufferPointer) -> Progress {
    if let session { return session.write(content) }
    let count = send(descriptor, content.baseAddress, content.count, Int32(MSG_NOSIGNAL))
    return count >= 0 ? .done(count) : Self.progress(waitingFor: .write)
  }

  private static func progress(waitingFor interest: Interest) -> Progress {
    switch errno {
    case EAGAIN, EINTR: .waits(interest)
    case let failure: .failed(RedisConnectError(SystemError("", errno: failure)))
    }
  }

  /// Ends it, without a word to the other end.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    session = nil
    Glibc.close(descriptor)
  }
}
