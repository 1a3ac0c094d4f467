import EventLoop

/// The handshake: who this is, which Redis it is, and that both have one epoch.
extension CacheClient {
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
    writer.loadWriteScript(isClustered)
    control { [weak self] reply in
      guard let self, let text = self.text(reply) else { return }
      self.digest = Array(text.utf8)
    }
    greet { instance }
  }

  /// Says who this is, and which database is meant.
  private func authenticate() {
    if let credentials = access.credentials {
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
    if ownsEpoch { writer.readEpoch() } else { writer.command(["PING"]) }
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
    guard overdue == 0, !isRenewing, let instance else { return }
    if node.instance(place) != instance {
      node.note(instance, in: place)
      // Whoever has the epoch raises it; then this is called again.
      if ownsEpoch { renewEpoch(raising: true, nil) } else { cluster?.owner?.proceed() }
    } else if !ownsEpoch {
      if node.epoch != 0 { joined() }
    } else if known != node.epoch {
      // Another loop was faster.
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
      let asksEpoch = ownsEpoch
      // Before the first lease nothing can have been missed: the cache is not trusted yet.
      let holds = node.state.isBelieved || !node.hasHeldLease
      if !asksEpoch {
        writer.command(["PING"])
      } else if isFirst {
        writer.lease(holds ? .hold : .watch, for: options.node, options)
      } else {
        writer.readEpoch()
      }
      control { [weak self] reply in
        guard let self, let reply else { return }
        if let error = reply.error { self.closeSoon(Self.refusal(error)) }
        if asksEpoch, self.isFirst, holds, reply.error == nil { self.node.hasHeldLease = true }
        if asksEpoch { self.saw(reply.number ?? 0, under: epoch) }
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
}
