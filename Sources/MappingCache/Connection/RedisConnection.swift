import CHiredis
import EventLoop
import Glibc

/// Who is told about a connection. Called on the connection's loop.
protocol RedisConnectionOwner: AnyObject {
  /// Commands may be sent now.
  func connectionOpened(_ connection: RedisConnection)
  /// The answer to the oldest unanswered command; `nil` if it will not come any more.
  func connectionAnswered(_ connection: RedisConnection, _ reply: RedisReply?)
  /// It is over, and every unanswered command was reported. Called once; without a failure if it was closed on purpose.
  func connectionClosed(_ connection: RedisConnection, _ failure: RedisConnectError?)
}

/// One connection to Redis on a loop's epoll; hiredis reads what it answers. Loop thread only.
///
/// What is sent in a tick leaves with one `write` at its end. The loop keeps it alive until its end, and it keeps its
/// owner until then.
final class RedisConnection: ReadinessHandler, EndOfTickWork {
  private enum Stage { case connecting, open, ended }

  var waitsForEndOfTick = false
  /// Why it came to an end; `nil` if it has not, or was closed on purpose.
  private(set) var failure: RedisConnectError?
  private var stage = Stage.connecting
  private var owner: (any RedisConnectionOwner)?
  private let loop: EventLoop
  private let transport: RedisTransport
  private var interest: Interest = .write
  private var unanswered = 0
  private var isCallingOwner = false
  /// Commands, the first `written` bytes of which are on their way.
  private var output: [UInt8] = []
  private var written = 0
  /// Owned; freed with this object, as is `input`.
  private let reader: UnsafeMutablePointer<redisReader>
  private let input: UnsafeMutableRawBufferPointer

  private static let inputSize = 16 * 1024
  /// A buffer that a burst has made larger is given back.
  private static let keptOutput = 1 << 20

  /// Begins to connect; whether it succeeds is told later.
  ///
  /// - Parameters:
  ///   - address: with a numeric host: a name would be resolved on the loop.
  ///   - named: the same as it was configured: what a certificate must be for.
  ///   - tls: what secures the connection; never on a unix socket.
  /// - Throws: ``RedisConnectError`` if it fails at once.
  init(
    to address: RedisAddress, named: RedisAddress, _ tls: TLSContext?, on loop: EventLoop,
    owner: any RedisConnectionOwner
  ) throws(RedisConnectError) {
    self.loop = loop
    transport = try RedisTransport(to: address, named: named, tls)
    reader = redisReaderCreate()
    input = .allocate(byteCount: Self.inputSize, alignment: 16)
    do {
      try loop.register(transport.descriptor, interest, self)
    } catch {
      transport.close()
      throw RedisConnectError(error)
    }
    self.owner = owner
  }

  deinit {
    redisReaderFree(reader)
    input.deallocate()
  }

  /// Whether commands may be sent.
  var isOpen: Bool { stage == .open }

  /// Sends a command in Redis's protocol, of which a copy is made; its answer comes in the order of sending.
  ///
  /// - Returns: whether it was taken: a connection that is not open takes nothing.
  func send(_ command: UnsafeRawBufferPointer) -> Bool {
    guard stage == .open else { return false }
    output.append(contentsOf: command)
    unanswered += 1
    if !interest.contains(.write) { loop.atEndOfTick(self) }
    return true
  }

  /// Ends the connection at once: unanswered commands are answered with nil, then the owner hears of the end.
  /// Not to be called while the owner is being called.
  func close() {
    precondition(!isCallingOwner, "a connection is not closed from inside its own callbacks")
    end(nil)
  }

  func ready(_ events: Interest) {
    if stage == .connecting { connect() }
    guard stage == .open else { return }
    if interest.contains(.write) || written < output.count { write() }
    read()
  }

  func endOfTick() { write() }

  private func connect() {
    switch transport.connect() {
    case .done:
      stage = .open
      watch([.read])
      callOwner { $0.connectionOpened(self) }
    case .waits(let interest): watch(interest)
    case .failed(let failure): end(failure)
    }
  }

  private func write() {
    guard stage == .open else { return }
    var wanted: Interest = .read
    writing: while written < output.count {
      switch output.withUnsafeBytes({ transport.write(UnsafeRawBufferPointer(rebasing: $0[written...])) }) {
      case .done(let count): written += count
      case .waits(let interest):
        wanted.formUnion(interest)
        break writing
      case .failed(let failure): return end(reasonBehind(failure))
      }
    }
    if written == output.count {
      written = 0
      if output.capacity > Self.keptOutput { output = [] } else { output.removeAll(keepingCapacity: true) }
    }
    watch(wanted)
  }

  /// Who closes a connection with TLS may have said why before: that is still to be read.
  private func reasonBehind(_ failure: RedisConnectError) -> RedisConnectError {
    if case .failed(let reason) = transport.read(into: input), reason.isLasting { return reason }
    return failure
  }

  private func read() {
    repeat {
      switch transport.read(into: input) {
      case .done(let count):
        redisReaderFeed(reader, input.baseAddress, count)
        deliver()
      case .waits(let interest): return watch(self.interest.union(interest))
      case .failed(let failure): return end(failure)
      }
    } while stage == .open && transport.hasMore
  }

  /// Hands over what has arrived whole.
  private func deliver() {
    while true {
      var reply: UnsafeMutableRawPointer?
      guard redisReaderGetReply(reader, &reply) == REDIS_OK else {
        return end(RedisConnectError(reason: "Redis does not speak its protocol"))
      }
      guard let reply else { return }
      defer { freeReplyObject(reply) }
      let answer = RedisReply(reply)
      guard unanswered > 0 else {
        // Redis may refuse a connection before anything is asked.
        return end(RedisConnectError(reason: answer?.error ?? "Redis answers what was not asked"))
      }
      unanswered -= 1
      callOwner { $0.connectionAnswered(self, answer) }
    }
  }

  private func callOwner(_ body: (any RedisConnectionOwner) -> Void) {
    guard let owner else { return }
    isCallingOwner = true
    body(owner)
    isCallingOwner = false
  }

  private func watch(_ wanted: Interest) {
    guard wanted != interest else { return }
    interest = wanted
    loop.modify(transport.descriptor, wanted)
  }

  private func end(_ failure: RedisConnectError?) {
    guard stage != .ended else { return }
    stage = .ended
    self.failure = failure
    loop.deregister(transport.descriptor)
    transport.close()
    while unanswered > 0 {
      unanswered -= 1
      callOwner { $0.connectionAnswered(self, nil) }
    }
    callOwner { $0.connectionClosed(self, failure) }
    owner = nil
  }
}
