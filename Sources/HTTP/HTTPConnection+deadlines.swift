import EventLoop

extension HTTPConnection {
  /// Closes or refuses what has taken too long. Called for all connections every now and then instead of setting
  /// and cancelling timers for every request.
  func checkDeadlines(_ now: UInt64) {
    let timeouts = context.timeouts
    if state == .lingering {
      if now - lastActivity > timeouts.linger { close() }
      return
    }
    if isBlocked {
      if now - lastProgress > timeouts.write { close() }
      return
    }
    guard state == .open, !isPaused else { return }
    if bodyBegan != 0 {
      if now - bodyBegan > timeouts.body, !parser.request.pointee.expectsContinue { refuseSlow(.slowBody) }
    } else if headBegan != 0 {
      if now - headBegan > timeouts.head { refuseSlow(.slowHead) }
    } else if isIdle, now - lastActivity > timeouts.idle {
      close()
    }
  }

  /// The same while the listener drains: who has begun nothing by `began` plus a short grace is closed.
  func checkDrain(_ now: UInt64, began: UInt64) {
    guard state == .open, inFlight == 0, output == nil else { return }
    if now - began > (isIdle ? context.timeouts.drainIdle : context.timeouts.drainPartial) { close() }
  }

  private func refuseSlow(_ refusal: HTTPRefusal) {
    if alone?.body == nil { refuse(refusal) } else { failBody(refusal) }
    updateInterest()
  }
}
