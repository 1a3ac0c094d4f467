import CEpoll
import Glibc

/// Who is told about a descriptor. The generation tells a descriptor from a later one with the same number.
struct Watch {
  var handler: (any ReadinessHandler)?
  var generation: UInt32 = 0

  static func key(_ descriptor: Int32, generation: UInt32) -> UInt64 {
    UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
  }
}

extension EventLoop {
  /// Watches `descriptor` (level-triggered) until `deregister`. The loop keeps the handler alive; the descriptor
  /// stays the caller's, who deregisters it before closing it.
  public func register(
    _ descriptor: Int32, _ interest: Interest, _ handler: any ReadinessHandler
  ) throws(SystemError) {
    let index = Int(descriptor)
    while watches.count <= index { watches.append(Watch()) }
    precondition(watches[index].handler == nil, "descriptor \(descriptor) is registered already")
    watches[index].generation &+= 1
    var event = event(for: descriptor, interest)
    guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else { throw SystemError("epoll_ctl") }
    watches[index].handler = handler
  }

  /// Changes what a registered descriptor is watched for. An empty set still reports errors and hang-ups.
  public func modify(_ descriptor: Int32, _ interest: Interest) {
    var event = event(for: descriptor, interest)
    let result = epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
    precondition(result == 0, "modify of descriptor \(descriptor): \(SystemError("epoll_ctl"))")
  }

  /// Stops watching: no event of this registration is delivered any more, not even one that the current wait
  /// already brought. Without effect on a descriptor that is not registered.
  public func deregister(_ descriptor: Int32) {
    let index = Int(descriptor)
    guard index < watches.count, watches[index].handler != nil else { return }
    watches[index].handler = nil
    watches[index].generation &+= 1
    var event = epoll_event()
    epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
  }

  func dispatch(_ event: epoll_event) {
    let key = event.data.u64
    let descriptor = Int32(truncatingIfNeeded: key)
    if descriptor == wakeUp {
      takeInbox()
      return
    }
    let watch = watches[Int(descriptor)]
    // The descriptor was closed, and perhaps reused, by a handler that ran earlier in this tick.
    guard watch.generation == UInt32(truncatingIfNeeded: key >> 32), let handler = watch.handler else {
      return
    }
    var happened: Interest = []
    if event.events & EPOLLIN.rawValue != 0 { happened.insert(.read) }
    if event.events & EPOLLOUT.rawValue != 0 { happened.insert(.write) }
    if event.events & EPOLLHUP.rawValue != 0 { happened.insert(.hangUp) }
    if event.events & EPOLLERR.rawValue != 0 { happened.insert(.error) }
    handler.ready(happened)
  }

  private func event(for descriptor: Int32, _ interest: Interest) -> epoll_event {
    var event = epoll_event()
    if interest.contains(.read) { event.events |= EPOLLIN.rawValue }
    if interest.contains(.write) { event.events |= EPOLLOUT.rawValue }
    event.data.u64 = Watch.key(descriptor, generation: watches[Int(descriptor)].generation)
    return event
  }
}
