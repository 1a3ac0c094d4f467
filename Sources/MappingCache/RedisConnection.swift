import CHiredis
import EventLoop

/// Who is told about a connection. Called on the connection's loop.
protocol RedisConnectionOwner: AnyObject {
  /// Commands may be sent now.
  func connectionOpened(_ connection: RedisConnection)
  /// The answer to the oldest unanswered command; `nil` if it will not come any more.
  func connectionAnswered(_ connection: RedisConnection, _ reply: RedisReply?)
  /// It is over, and every unanswered command was reported. Called once.
  func connectionClosed(_ connection: RedisConnection, _ reason: String)
}

/// One connection to Redis: hiredis's asynchronous context on a loop's epoll. Loop thread only.
///
/// What is sent in a tick leaves with one `write` at its end. The only type that touches a hiredis context: the
/// context belongs to hiredis, which frees it after a failure or `close`, and says so through its `cleanup` hook;
/// from then on `context` is nil. Until then the context retains this object, and this object its owner.
final class RedisConnection: ReadinessHandler, EndOfTickWork {
  var waitsForEndOfTick = false
  private var context: UnsafeMutablePointer<redisAsyncContext>?
  private var owner: (any RedisConnectionOwner)?
  private let loop: EventLoop
  private let descriptor: Int32
  private var interest: Interest = []
  private var isConnected = false
  private var isInsideHiredis = false
  private var isWriting = false

  /// Begins to connect; whether it succeeds is told later.
  ///
  /// - Parameter address: with a numeric host: hiredis would resolve a name on the loop.
  /// - Throws: ``RedisConnectError`` if it fails at once.
  init(to address: RedisAddress, on loop: EventLoop, owner: any RedisConnectionOwner) throws {
    let made =
      switch address {
      case .tcp(let host, let port): redisAsyncConnect(host, Int32(port))
      case .unix(let path): redisAsyncConnectUnix(path)
      }
    guard let made else { throw RedisConnectError(reason: "out of memory") }
    self.loop = loop
    descriptor = chiredis_descriptor(made)
    guard made.pointee.err == 0 else {
      let reason = String(cString: chiredis_error(made))
      redisAsyncFree(made)
      throw RedisConnectError(reason: reason)
    }
    do {
      try loop.register(descriptor, [], self)
    } catch {
      redisAsyncFree(made)
      throw RedisConnectError(reason: "\(error)")
    }
    context = made
    self.owner = owner
    attach(made)
  }

  /// Why hiredis gave the connection up; empty if it did not.
  var failure: String { context.map { String(cString: chiredis_error($0)) } ?? "" }

  /// Sends a command in Redis's protocol, of which hiredis makes a copy; its answer comes in the order of sending.
  ///
  /// - Returns: whether it was taken: a connection that is ending takes nothing.
  func send(_ command: UnsafeRawBufferPointer) -> Bool {
    guard let context else { return false }
    let characters = command.baseAddress?.assumingMemoryBound(to: CChar.self)
    return redisAsyncFormattedCommand(context, Self.answered, nil, characters, command.count) == REDIS_OK
  }

  /// Ends the connection at once: unanswered commands are answered with nil, then the owner hears of the end.
  /// Not to be called while the owner is being called.
  func close() {
    precondition(!isInsideHiredis, "a connection is not closed from inside its own callbacks")
    isInsideHiredis = true
    if let context { redisAsyncFree(context) }
    isInsideHiredis = false
  }

  func ready(_ events: Interest) {
    let isBroken = !events.isDisjoint(with: [.hangUp, .error])
    if events.contains(.write) || (isBroken && !isConnected) { write() }
    if events.contains(.read) || isBroken { enter(redisAsyncHandleRead) }
  }

  func endOfTick() { write() }

  private func write() {
    isWriting = true
    enter(redisAsyncHandleWrite)
    isWriting = false
  }

  /// Lets hiredis work; it may have freed the context when it returns.
  private func enter(_ work: (UnsafeMutablePointer<redisAsyncContext>?) -> Void) {
    guard let context else { return }
    let wasConnected = isConnected
    isInsideHiredis = true
    work(context)
    isInsideHiredis = false
    // Not from hiredis's own callback, in which 0.14 does not survive that the context is freed.
    if isConnected, !wasConnected, self.context != nil { owner?.connectionOpened(self) }
  }

  private func attach(_ context: UnsafeMutablePointer<redisAsyncContext>) {
    context.pointee.ev.data = Unmanaged.passRetained(self).toOpaque()
    context.pointee.ev.addRead = { RedisConnection.from($0).watch(adding: .read) }
    context.pointee.ev.delRead = { RedisConnection.from($0).watch(removing: .read) }
    context.pointee.ev.addWrite = { RedisConnection.from($0).wantsToWrite() }
    context.pointee.ev.delWrite = { RedisConnection.from($0).watch(removing: .write) }
    context.pointee.ev.cleanup = {
      let connection = RedisConnection.from($0)
      connection.cleanUp()
      Unmanaged.passUnretained(connection).release()
    }
    redisAsyncSetConnectCallback(context) { context, status in
      if status == REDIS_OK { RedisConnection.from(context?.pointee.ev.data).isConnected = true }
    }
  }

  private static let answered:
    @convention(c) (
      UnsafeMutablePointer<redisAsyncContext>?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?
    ) -> Void = { context, reply, _ in
      let connection = RedisConnection.from(context?.pointee.ev.data)
      connection.owner?.connectionAnswered(connection, RedisReply(reply))
    }

  private static func from(_ data: UnsafeMutableRawPointer?) -> RedisConnection {
    Unmanaged<RedisConnection>.fromOpaque(data!).takeUnretainedValue()
  }

  /// hiredis has something to write: it is put off to the end of the tick, or to when the socket has room.
  private func wantsToWrite() {
    guard !interest.contains(.write) else { return }
    if isConnected && !isWriting {
      loop.atEndOfTick(self)
    } else {
      watch(adding: .write)
    }
  }

  private func watch(adding added: Interest = [], removing removed: Interest = []) {
    let wanted = interest.union(added).subtracting(removed)
    guard wanted != interest else { return }
    interest = wanted
    loop.modify(descriptor, wanted)
  }

  /// hiredis is about to close the descriptor and to free the context.
  private func cleanUp() {
    let reason = failure
    loop.deregister(descriptor)
    context = nil
    let owner = owner
    self.owner = nil
    owner?.connectionClosed(self, reason)
  }
}

/// Why a connection could not even be tried.
struct RedisConnectError: Error {
  let reason: String
}
