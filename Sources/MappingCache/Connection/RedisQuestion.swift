import EventLoop

/// Asks one Redis, or Sentinel, after the other until one knows the answer, on a connection of its own to each. Made
/// for one question; keeps itself alive until it is answered. Loop thread only.
final class RedisQuestion<Answer: Sendable>: @unchecked Sendable, RedisConnectionOwner {
  private let words: [String]
  private let access: RedisAccess
  private let loop: EventLoop
  private let resolver: HostResolver
  private let timeout: Duration
  private let read: (RedisReply, RedisAddress) -> Answer?
  private let completion: (Result<Answer, RedisConnectError>) -> Void
  private var addresses: ArraySlice<RedisAddress>
  private var connection: RedisConnection?
  private var timer: Timer?
  private var answer: Answer?
  private var asked = RedisAddress.unix(path: "")
  private var failure = RedisConnectError(reason: "nobody can be asked")
  /// How many answers come before the one that is waited for.
  private var preliminaries = 0
  private var isRefused = false
  private var writer = CommandWriter()

  /// Begins to ask.
  ///
  /// - Parameters:
  ///   - read: understands an answer; `nil` for one that is of no use: then the next is asked.
  ///   - completion: called once, not before this returns.
  @discardableResult
  init(
    _ words: [String], of addresses: [RedisAddress], access: RedisAccess, on loop: EventLoop,
    resolver: HostResolver, timeout: Duration, read: @escaping (RedisReply, RedisAddress) -> Answer?,
    completion: @escaping (Result<Answer, RedisConnectError>) -> Void
  ) {
    self.words = words
    self.access = access
    self.loop = loop
    self.resolver = resolver
    self.timeout = timeout
    self.read = read
    self.completion = completion
    self.addresses = addresses[...]
    loop.schedule(after: .zero) { self.askNext() }
  }

  private func askNext() {
    guard let address = addresses.popFirst() else { return completion(.failure(failure)) }
    asked = address
    timer = loop.schedule(after: timeout) { [weak self] in self?.timedOut(address) }
    loop.runTask {
      switch await self.resolver.numeric(address) {
      // Looking up the name may have taken all the time there was.
      case .success(let numeric): if self.timer == nil { self.askNext() } else { self.open(numeric) }
      case .failure(let failure): self.giveUp(failure)
      }
    }
  }

  private func open(_ address: RedisAddress) {
    do {
      connection = try RedisConnection(to: address, named: asked, access.tls, on: loop, owner: self)
    } catch {
      giveUp(error)
    }
  }

  private func timedOut(_ address: RedisAddress) {
    timer = nil
    failure = RedisConnectError(reason: "\(address.authority) did not answer within \(timeout)")
    // Without a connection its name is still being looked up: that ends by itself.
    connection?.close()
  }

  private func giveUp(_ failure: RedisConnectError) {
    timer?.cancel()
    self.failure = failure
    loop.schedule(after: .zero) { self.askNext() }
  }

  func connectionOpened(_ connection: RedisConnection) {
    isRefused = false
    preliminaries = 0
    if let credentials = access.credentials {
      preliminaries = 1
      writer.authenticate(credentials)
      _ = writer.withCommand { connection.send($0) }
    }
    writer.command(words)
    _ = writer.withCommand { connection.send($0) }
  }

  func connectionAnswered(_ connection: RedisConnection, _ reply: RedisReply?) {
    guard let reply, !isRefused else { return }
    if let error = reply.error {
      // Who is not let in hears the same again of every further command.
      isRefused = preliminaries > 0
      let concernsAccess = isRefused || ["NOAUTH", "NOPERM"].contains { error.hasPrefix($0) }
      failure = RedisConnectError(reason: "Redis answered \(error)", isLasting: concernsAccess)
    }
    if preliminaries > 0 {
      preliminaries -= 1
      if !isRefused { return }
    }
    answer = read(reply, asked)
    if answer == nil, reply.error == nil {
      failure = RedisConnectError(reason: "\(words.joined(separator: " ")) is not known there")
    }
    // Not from inside its own callback.
    loop.schedule(after: .zero) { connection.close() }
  }

  func connectionClosed(_ connection: RedisConnection, _ failure: RedisConnectError?) {
    self.connection = nil
    if let answer {
      timer?.cancel()
      completion(.success(answer))
    } else if timer == nil {
      askNext()
    } else {
      giveUp(failure ?? self.failure)
    }
  }
}
