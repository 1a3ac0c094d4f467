extension CacheClient {
  /// Redis showed an epoch to a command that was sent under another one; 0 if it has none.
  func saw(_ epoch: Int64, under known: Int64) {
    // The node may have moved on since the command was sent.
    guard epoch != known, known == node.epoch, stage == .joined else { return }
    foreignEpoch = epoch
    if reported == .up { report(.catchingUp, .epoch) }
    loop.atEndOfTick(self)
  }

  /// What an error means that Redis answers to the protocol's own commands.
  static func refusal(_ error: String) -> OutageReason {
    let word = firstWord(error)
    guard word == "OTHERSTORE" else { return .refused(word) }
    return .unusable(
      "servers of another store use this Redis: each store needs one, or a database of one, of its own")
  }

  /// Takes over the epoch in Redis or raises it, for the whole node, unless another loop is at it.
  func renewEpoch(raising: Bool, _ reason: OutageReason?) {
    if reported == .up { report(.catchingUp, reason) }
    guard node.beginRenewal(index, reason) else { return }
    isRenewing = true
    // The key may have lost what an entry still tells.
    let known = max(node.epoch, foreignEpoch ?? 0)
    foreignEpoch = nil
    // Nothing of the new epoch is in Redis before this command is, so nothing that was missed until now can be
    // there in an old state. What is missed from now on is remembered.
    if raising { missed.reset() }
    writer.renewEpoch(known: known, now: loop.wallClock, raising: raising, options)
    control { [weak self] reply in self?.renewed(reply, raising: raising) }
  }

  private func renewed(_ reply: RedisReply?, raising: Bool) {
    isRenewing = false
    if let epoch = reply?.number, mustClose == nil {
      node.endRenewal(epoch, raised: raising)
      if stage != .joined, node.instance(place) == instance { joined() }
    } else {
      if raising { missed.lose() }
      node.endRenewal(nil, raised: false)
      if let reply { closeSoon(reply.error.map(Self.refusal) ?? .refused("something unknown")) }
    }
    epochChanged()
  }
}
