import EventLoop

/// Asks one Redis, or Sentinel, after the other until one knows the answer, on a connection of its own to each. Made
/// for one question; keeps itself alive until it is answered. Loop thread only.
final class RedisQuestion<Answer: Sendable>: @unchecked Sendable, RedisConnectionOwner {
  private let words: [String]
  private let credentials: RedisCredentials?
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
  private var writer = CommandWriter()

  /// Begins to ask.
  ///
  /// - Parameters:
  ///   - read: understands an answer; `nil` for one that is of no use: then the next is asked.
  ///   - completion: called once, not before this returns.
  @discardableResult
  init(
    _ words: [String], _ credentials: RedisCredentials?, of addresses: [RedisAddress], on loop: EventLoop,
    _ resolver: HostResolver, timeout: Duration, read: @escaping (RedisReply, RedisAddress) -> Answer?,
    completion: @escaping (Result<Answer, RedisConnectError>) -> Void
  ) {
    self.words = words
    self.credentials = credentials
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
      case .failure(let failure): self.giveUp(failure.reason)
      }
    }
  }

  private func open(_ address: RedisAddress) {
    do {
      connection = try RedisConnection(to: address, on: loop, owner: self)
    } catch {
      giveUp((error as? RedisConnectError)?.reason ?? "\(error)")
    }
  }

  private func timedOut(_ address: RedisAddress) {
    timer = nil
    failure = RedisConnectError(reason: "\(address.authority) did not answer within \(timeout)")
    // Without a connection its name is still being looked up: that ends by itself.
    connection?.close()
  }

  private func giveUp(_ reason: String) {
    timer?.cancel()
    failure = RedisConnectError(reason: reason)
    loop.schedule(after: .zero) { self.askNext() }
  }

  func connectionOpened(_ connection: RedisConnection) {
    if let credentials {
      preliminaries = 1
      writer.authenticate(credentials)
      _ = writer.withCommand { connection.send($0) }
    }
    writer.command(words)
    _ = writer.withCommand { connection.send($0) }
  }

  func connectionAnswered(_ connection: RedisConnection, _ reply: RedisReply?) {
    guard let reply else { return }
    if let error = reply.error { failure = RedisConnectError(reason: "Redis answered \(error)") }
    guard preliminaries == 0 else {
      preliminaries -= 1
      return
    }
    answer = read(reply, asked)
    if answer == nil, reply.error == nil {
      failure = RedisConnectError(reason: "\(words.joined(separator: " ")) is not known there")
    }
    // Not from inside its own callback.
    loop.schedule(after: .zero) { connection.close() }
  }

  func connectionClosed(_ connection: RedisConnection, _ reason: String) {
    self.connection = nil
    if let answer {
      timer?.cancel()
      completion(.success(answer))
    } else if timer == nil {
      askNext()
    } else {
      giveUp(reason.isEmpty ? failure.reason : reason)
    }
  }
}
