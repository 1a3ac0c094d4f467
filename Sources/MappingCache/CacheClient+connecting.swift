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
    guard let resolver, case .tcp(let host, let port) = address else {
      open(address)
      return
    }
    let attempt = attempt
    loop.runTask {
      let found = await resolver.resolve(host)
      guard self.attempt == attempt, self.stage == .connecting else { return }
      switch found {
      case .success(let numeric): self.open(.tcp(host: numeric, port: port))
      case .failure(let failure): self.retry(.away(failure.reason))
      }
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
    loop.schedule(after: backoff.pause()) { [weak self] in self?.connect() }
  }

  /// Ends the connection for a reason of our own.
  func close(_ reason: OutageReason) {
    report(.down, reason)
    // What it has not answered is reported from inside, then the end.
    connection?.close()
  }

  func connectionClosed(_ connection: RedisConnection, _ reason: String) {
    precondition(pending.isEmpty, "hiredis has answered every command of a connection that it closes")
    self.connection = nil
    overdue = 0
    retry(mustClose ?? .away(reason.isEmpty ? "the connection was closed" : reason))
  }

  func connectionOpened(_ connection: RedisConnection) {
    digest = nil
    var instance: String?
    writer.information()
    control { [weak self] reply in
      guard let self, let text = self.text(reply) else { return }
      let information = RedisInformation(text)
      if information.isReplica {
        self.closeSoon(.refused("that it is a read-only replica"))
      } else {
        // Without an identity every connection is to a stranger, whose entries are not believed.
        instance = information.instance ?? "unknown \(self.index) \(self.attempt)"
      }
    }
    writer.loadWriteScript()
    control { [weak self] reply in
      guard let self, let text = self.text(reply) else { return }
      self.digest = Array(text.utf8)
    }
    greet { instance }
  }

  /// The handshake's last step: what the epoch in Redis is.
  private func greet(_ instance: @escaping () -> String?) {
    let known = node.epoch
    writer.readEpoch()
    control { [weak self] reply in
      guard let self, let reply, self.mustClose == nil, let instance = instance() else { return }
      self.instance = instance
      self.stage = .greeted(epoch: reply.number, under: known)
      self.connectTimer?.cancel()
      self.connectTimer = nil
      self.loop.atEndOfTick(self)
    }
  }

  /// The text of an answer in the handshake; without it the connection is of no use.
  private func text(_ reply: RedisReply?) -> String? {
    if let text = reply?.text { return text }
    if let reply { closeSoon(.refused(reply.error.map(Self.firstWord) ?? "something unknown")) }
    return nil
  }

  /// Puts a greeted connection to use, or has the epoch settled first.
  func join(_ epoch: Int64?, under known: Int64) {
    guard overdue == 0, !isRenewing else { return }
    if node.instance != instance {
      // Another Redis than before, or the same after a restart: it may have older entries than it had.
      renewEpoch(raising: true, nil)
    } else if known != node.epoch {
      // Another loop was faster.
      let instance = instance
      stage = .connecting
      greet { instance }
    } else if epoch != known {
      renewEpoch(raising: false, .epoch)
    } else {
      joined()
    }
  }

  func joined() {
    stage = .joined
    probe()
  }

  /// Asks for the epoch every now and then: a node that only reads has no other way to learn that it has passed,
  /// and a connection without traffic none to notice that Redis is silent.
  private func probe() {
    probeTimer = loop.schedule(after: options.probeInterval) { [weak self] in
      guard let self, self.stage == .joined else { return }
      if self.overdue == 0 {
        let epoch = self.node.epoch
        self.writer.readEpoch()
        self.control { [weak self] reply in
          guard let self, let reply else { return }
          if let error = reply.error { self.closeSoon(.refused(Self.firstWord(error))) }
          self.saw(reply.number ?? 0, under: epoch)
        }
      }
      self.probe()
    }
  }

  /// Ends for good. `completion` is called once, when nothing is open any more.
  func stop(_ completion: @escaping @Sendable () -> Void) {
    isStopped = true
    // Whoever still waits for an answer gets it or is overdue by then.
    let pause = pending.isEmpty ? Duration.zero : options.wait
    loop.schedule(after: pause) {
      if self.connection == nil { self.report(.down) }
      self.stage = .idle
      self.connection?.close()
      // It keeps all clients of the node alive.
      self.epochChanged = {}
      completion()
    }
  }

  /// The word that says what kind of error it is.
  static func firstWord(_ error: String) -> String {
    String(error.prefix { $0 != " " }.prefix(40))
  }
}

/// What `INFO` tells.
struct RedisInformation {
  /// Differs after every restart, and after every change between master and replica.
  private(set) var instance: String?
  private(set) var isReplica = false

  init(_ text: String) {
    var run: Substring?
    var replication: Substring = ""
    for line in text.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...]
      switch line[..<colon] {
      case "run_id": run = value
      case "master_replid": replication = value
      case "role": isReplica = value == "slave"
      default: break
      }
    }
    instance = run.map { "\($0) \(replication)" }
  }
}
