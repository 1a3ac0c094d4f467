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
      case .failure(let failure): self.retry(.away(failure.reason))
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
        case .failure(let failure): self.retry(.away(failure.reason))
        }
      }
    } else {
      open(address)
    }
  }

  private func open(_ numeric: RedisAddress) {
    do {
      connection = try RedisConnection(to: numeric, on: loop, owner: self)
    } catch {
      retry(.away((error as? RedisConnectError)?.reason ?? "\(error)"))
    }
  }

  private func connectionTimedOut() {
    connectTimer = nil
    let reason = OutageReason.away("Redis did not answer within \(options.connectTimeout)")
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

  func connectionClosed(_ connection: RedisConnection, _ reason: String) {
    precondition(pending.isEmpty, "hiredis has answered every command of a connection that it closes")
    self.connection = nil
    overdue = 0
    retry(mustClose ?? .away(reason.isEmpty ? "the connection was closed" : reason))
  }

  /// The word that says what kind of error it is.
  static func firstWord(_ error: String) -> String {
    String(error.prefix { $0 != " " }.prefix(40))
  }
}
