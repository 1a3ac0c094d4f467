import EventLoop

extension CacheClient {
  /// Connects, and from then on reconnects until ``stop(_:)``.
  func start() {
    loop.schedule(after: options.connectTimeout) { [weak self] in self?.attempted() }
    connect()
  }

  /// Nobody needs to wait any longer for what comes of the first attempt.
  func attempted() {
    guard !hasAttempted else { return }
    hasAttempted = true
    node.attempted()
  }

  private func connect() {
    guard !isStopped else { return }
    stage = .connecting
    attempt += 1
    connectTimer = loop.schedule(after: options.connectTimeout) { [weak self] in
      self?.connectionTimedOut()
    }
    let attempt = attempt
    topology.locate { found in
      guard self.attempt == attempt, self.stage == .connecting else { return }
      switch found {
      case .success(let address): self.resolve(address)
      case .failure(let failure): self.retry(OutageReason(failure))
      }
    }
  }

  private func resolve(_ address: RedisAddress) {
    located = address
    if case .tcp(let host, _) = address, !HostResolver.isNumeric(host) {
      let attempt = attempt
      loop.runTask {
        let found = await self.resolver.numeric(address)
        guard self.attempt == attempt, self.stage == .connecting else { return }
        switch found {
        case .success(let numeric): self.open(numeric)
        case .failure(let failure): self.retry(OutageReason(failure))
        }
      }
    } else {
      open(address)
    }
  }

  private func open(_ numeric: RedisAddress) {
    do {
      connection = try RedisConnection(
        to: numeric, named: located ?? numeric, access.tls, on: loop, owner: self)
    } catch {
      retry(OutageReason(error))
    }
  }

  private func connectionTimedOut() {
    connectTimer = nil
    // A server without TLS waits for the rest of what it takes for a command.
    let language = access.tls != nil && connection?.isOpen == false ? " to TLS" : ""
    let reason = OutageReason.away("Redis did not answer\(language) within \(options.connectTimeout)")
    if connection == nil { retry(reason) } else { closeSoon(reason) }
  }

  /// There is no connection: pauses, then tries again.
  private func retry(_ reason: OutageReason) {
    stage = .idle
    attempt += 1
    connectTimer?.cancel()
    probeTimer?.cancel()
    deadlineTimer?.cancel()
    (connectTimer, probeTimer, deadlineTimer) = (nil, nil, nil)
    (instance, digest, foreignEpoch, mustClose) = (nil, nil, nil, nil)
    attempted()
    guard !isStopped else {
      report(.down)
      return
    }
    report(.down, reason)
    cluster?.refresh()
    loop.schedule(after: backoff.pause()) { [weak self] in self?.connect() }
  }

  /// Ends the connection for a reason of our own.
  func close(_ reason: OutageReason) {
    report(.down, reason)
    guard let connection else { return }
    mustClose = reason
    // What it has not answered is reported from inside, then the end.
    connection.close()
  }

  func connectionClosed(_ connection: RedisConnection, _ failure: RedisConnectError?) {
    precondition(pending.isEmpty, "every command of a connection that ends was answered")
    self.connection = nil
    overdue = 0
    retry(mustClose ?? failure.map { OutageReason($0) } ?? .away("the connection was closed"))
  }

  /// The word that says what kind of error it is.
  static func firstWord(_ error: String) -> String {
    String(error.prefix { $0 != " " }.prefix(40))
  }
}
