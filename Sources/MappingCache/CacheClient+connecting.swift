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

  func connectionOpened(_ connection: RedisConnection) {
    digest = nil
    authenticate()
    var instance: String?
    writer.information()
    control { [weak self] reply in
      guard let self, let text = self.text(reply) else { return }
      let information = RedisInformation(text)
      if information.isReplica {
        self.closeSoon(.unusable("Redis is a read-only replica"))
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

  /// Says who this is, and which database is meant.
  private func authenticate() {
    if let credentials {
      writer.authenticate(credentials)
      control { [weak self] reply in
        guard let self, let error = reply?.error else { return }
        self.closeSoon(.unusable("Redis refuses the user or the password: \(error)"))
      }
    }
    if database != 0 {
      writer.command(["SELECT", "\(database)"])
      control { [weak self] reply in
        guard let self, let error = reply?.error else { return }
        self.closeSoon(.unusable("Redis refuses the database \(self.database): \(error)"))
      }
    }
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
    switch reply?.error.map(Self.firstWord) {
    case "NOAUTH": closeSoon(.unusable("Redis wants a password, and none is configured"))
    case "NOPERM": closeSoon(.unusable("Redis forbids the user what the cache needs: \(reply?.error ?? "")"))
    case let word?: closeSoon(.refused(word))
    case nil: if reply != nil { closeSoon(.refused("something unknown")) }
    }
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

  /// Holds the node's lease and asks for the epoch, now and every now and then: a node that only reads has no other
  /// way to learn that it has passed, and a connection without traffic none to notice that Redis is silent.
  private func probe() {
    if overdue == 0 {
      let epoch = node.epoch
      if index == 0 {
        // Before the first time nothing can have been missed that counts.
        writer.lease(
          node.state.isBelieved || !hasHeldLease ? .hold : .watch, for: options.node, options)
        hasHeldLease = true
      } else {
        writer.readEpoch()
      }
      control { [weak self] reply in
        guard let self, let reply else { return }
        if let error = reply.error { self.closeSoon(.refused(Self.firstWord(error))) }
        self.saw(reply.number ?? 0, under: epoch)
      }
    }
    if let located {
      let attempt = attempt
      topology.check(located) { [weak self] reason in
        if let self, self.attempt == attempt { self.closeSoon(.away(reason)) }
      }
    }
    probeTimer = loop.schedule(after: options.probeInterval) { [weak self] in
      guard let self, self.stage == .joined else { return }
      self.probe()
    }
  }

  /// Ends for good. `completion` is called once, when nothing is open any more.
  func stop(_ completion: @escaping @Sendable () -> Void) {
    isStopped = true
    // Whoever still waits for an answer gets it or is overdue by then.
    let pause = pending.isEmpty ? Duration.zero : options.wait
    loop.schedule(after: pause) {
      self.endLease()
      // What was sent leaves at the end of this tick.
      self.loop.schedule(after: .zero) { self.end(completion) }
    }
  }

  private func end(_ completion: @escaping @Sendable () -> Void) {
    if connection == nil { report(.down) }
    stage = .idle
    connection?.close()
    // It keeps all clients of the node alive.
    epochChanged = {}
    completion()
  }

  /// Nobody needs to wait for a node that ends with nothing missed.
  private func endLease() {
    guard index == 0, stage == .joined, node.state.isBelieved else { return }
    writer.lease(.end, for: options.node, options)
    control { _ in }
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
