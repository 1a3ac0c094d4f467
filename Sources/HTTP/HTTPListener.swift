import CEpoll
import EventLoop
import Glibc

/// Takes and keeps the connections of one loop. Several listeners, one per loop, share an address.
///
/// `init` binds, and may run on any thread before the loop starts; everything else belongs to the loop's thread.
///
///     let first = try HTTPListener(loop: a, address: wanted, limits: limits, budget: budget, handler: one)
///     let second = try HTTPListener(loop: b, address: first.address, limits: limits, budget: budget, handler: two)
///     a.post { try? first.start() }
public final class HTTPListener: @unchecked Sendable {
  /// The address it is bound to, with the port that the system chose for port 0. The port is 0 if it is bound to none.
  public let address: ListenAddress
  /// Connections that are open on this loop.
  public var connectionCount: Int { connections.count }

  private let context: ListenerContext
  private let loop: EventLoop
  /// -1 once it is closed.
  private var descriptor: Int32
  private var isListening = false
  private(set) var connections: ContiguousArray<HTTPConnection> = []
  private var sweepTimer: Timer?
  private var drainBegan: UInt64 = 0
  private var drained: (() -> Void)?
  /// `accept`, exchangeable for tests of a system without descriptors.
  var acceptCall: (Int32) -> Int32 = { cepoll_accept($0) }

  private static let backlog: Int32 = 1024
  private static let acceptsPerEvent = 64
  /// How long no connection is accepted after the system ran out of descriptors or memory.
  private static let acceptPause: Duration = .milliseconds(50)
  private static let drainSweep: Duration = .milliseconds(20)

  /// Binds, without listening: until `start` clients are refused by the system.
  public init(
    loop: EventLoop, address: ListenAddress, limits: HTTPLimits, budget: ConnectionBudget,
    handler: any HTTPHandler
  ) throws(SystemError) {
    self.loop = loop
    context = ListenerContext(loop: loop, limits: limits, budget: budget, handler: handler)
    descriptor = try address.boundSocket(sharesPort: true)
    self.address = address.withPort(ListenAddress.port(of: descriptor))
  }

  /// Bound to no address: has the connections that `adopt` is given.
  public init(
    adoptingFor loop: EventLoop, limits: HTTPLimits, budget: ConnectionBudget, handler: any HTTPHandler
  ) {
    self.loop = loop
    context = ListenerContext(loop: loop, limits: limits, budget: budget, handler: handler)
    descriptor = -1
    address = .localhost
  }

  deinit {
    if descriptor >= 0 { Glibc.close(descriptor) }
  }

  /// Takes over a connected stream socket that does not block.
  public func adopt(_ connected: Int32) { open(connected) }

  /// Begins to listen and to accept, if it is bound to an address.
  public func start() throws(SystemError) {
    guard descriptor >= 0 else { return }
    guard listen(descriptor, Self.backlog) == 0 else { throw SystemError("listen") }
    try loop.register(descriptor, .read, self)
    isListening = true
  }

  /// Takes the connections that clients have opened so far, and no more. Calling it twice does nothing.
  public func stopAccepting() {
    guard descriptor >= 0 else { return }
    if isListening {
      // Closing the socket would reset what the system has accepted for us.
      accept(atMost: Int(Self.backlog))
      loop.deregister(descriptor)
    }
    Glibc.close(descriptor)
    descriptor = -1
  }

  /// Stops accepting, answers every request that is in flight or arrives within a short grace, closes each
  /// connection with its last answer, and calls `completion` once when all are gone.
  public func drain(_ completion: @escaping () -> Void) {
    precondition(drained == nil, "a listener is drained once")
    stopAccepting()
    drained = completion
    drainBegan = loop.now
    context.isDraining = true
    sweepTimer?.cancel()
    sweep()
    finishDrain()
  }

  /// Stops accepting and closes every connection at once; answers that are not sent are lost.
  public func closeAll() {
    stopAccepting()
    for connection in connections { connection.close() }
  }

  func closed(_ connection: HTTPConnection) {
    let last = connections.removeLast()
    if last !== connection {
      connections[connection.position] = last
      last.position = connection.position
    }
    giveBack(isCounted: connection.isCounted)
    finishDrain()
  }

  private func accept(atMost limit: Int) {
    for _ in 0..<limit {
      let accepted = acceptCall(descriptor)
      if accepted >= 0 {
        open(accepted)
        continue
      }
      switch errno {
      case EAGAIN: return
      case EINTR, ECONNABORTED, EPROTO: continue
      default:
        context.budget.acceptFailed(SystemError("accept"), at: loop.now)
        // Level-triggered, it would be reported again at once.
        pauseAccepting()
        return
      }
    }
  }

  private func pauseAccepting() {
    loop.modify(descriptor, [])
    loop.schedule(after: Self.acceptPause) { [weak self] in
      guard let self, self.descriptor >= 0 else { return }
      self.loop.modify(self.descriptor, .read)
    }
  }

  private func open(_ accepted: Int32) {
    let isCounted = context.budget.take()
    guard isCounted || context.budget.takeRefusing() else {
      Glibc.close(accepted)
      return
    }
    var on: Int32 = 1
    setsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    guard let connection = try? HTTPConnection(accepted, context, listener: self, isCounted: isCounted) else {
      Glibc.close(accepted)
      giveBack(isCounted: isCounted)
      return
    }
    connection.position = connections.count
    connections.append(connection)
    if sweepTimer == nil { scheduleSweep(context.timeouts.sweep) }
    if !isCounted {
      connection.refuse(.tooManyConnections)
      connection.updateInterest()
    }
  }

  private func giveBack(isCounted: Bool) {
    if isCounted { context.budget.giveBack() } else { context.budget.giveBackRefusing() }
  }

  private func scheduleSweep(_ interval: Duration) {
    sweepTimer = loop.schedule(after: interval) { [weak self] in self?.sweep() }
  }

  private func sweep() {
    let now = loop.now
    let isDraining = context.isDraining
    // From the end: closing moves the last connection, which was seen already, into the gap.
    var index = connections.count - 1
    while index >= 0 {
      if index < connections.count {
        connections[index].checkDeadlines(now)
      }
      if isDraining, index < connections.count {
        connections[index].checkDrain(now, began: drainBegan)
      }
      index -= 1
    }
    sweepTimer = nil
    if !connections.isEmpty { scheduleSweep(isDraining ? Self.drainSweep : context.timeouts.sweep) }
  }

  private func finishDrain() {
    guard connections.isEmpty, let drained else { return }
    self.drained = nil
    // Not from inside a connection's close.
    loop.post(Sending(drained).call)
  }
}

extension HTTPListener: ReadinessHandler {
  /// A client waits to be accepted.
  public func ready(_ events: Interest) { accept(atMost: Self.acceptsPerEvent) }
}

/// A closure of the loop's thread that is posted to the same loop: it never leaves the thread.
private struct Sending: @unchecked Sendable {
  private let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }

  @Sendable func call() { body() }
}
