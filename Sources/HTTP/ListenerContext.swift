import EventLoop

/// What the connections of one loop share. Loop thread only.
final class ListenerContext {
  let loop: EventLoop
  let limits: HTTPLimits
  let handler: any HTTPHandler
  let budget: ConnectionBudget
  let date = DateField()
  /// Where connections read when they hold nothing: most requests are answered without another buffer.
  /// Owned; `InputBuffer.padding` more bytes lie behind it.
  let scratch: UnsafeMutableRawPointer
  let timeouts: Timeouts
  /// Set once the listener drains: every answer that can be the last one of its connection says so.
  var isDraining = false
  private var outputs: [OutputBuffer] = []

  static let scratchSize = 65_536
  private static let pooledOutputs = 64
  private static let pooledCapacity = 65_536

  init(loop: EventLoop, limits: HTTPLimits, budget: ConnectionBudget, handler: any HTTPHandler) {
    self.loop = loop
    self.limits = limits
    self.budget = budget
    self.handler = handler
    timeouts = Timeouts(limits)
    scratch = .allocate(byteCount: Self.scratchSize + InputBuffer.padding, alignment: 64)
    scratch.initializeMemory(as: UInt8.self, repeating: 0, count: Self.scratchSize + InputBuffer.padding)
  }

  deinit { scratch.deallocate() }

  func takeOutput() -> OutputBuffer { outputs.popLast() ?? OutputBuffer() }

  /// An empty buffer comes back; large ones are not kept.
  func giveBack(_ output: OutputBuffer) {
    guard outputs.count < Self.pooledOutputs, output.capacity <= Self.pooledCapacity else { return }
    outputs.append(output)
  }
}

/// The limits' durations in the loop's unit, nanoseconds.
struct Timeouts {
  let idle: UInt64
  let head: UInt64
  let body: UInt64
  let write: UInt64
  /// How long a connection is read (and forgotten) after its last answer, so that a client that still sends
  /// can read it: closing with unread bytes would reset the connection and could destroy the answer.
  let linger: UInt64 = 1_000_000_000
  /// How long a resting connection stays open after a drain began: a request may be on its way.
  let drainIdle: UInt64 = 250_000_000
  /// The same for a request of which a part has arrived.
  let drainPartial: UInt64 = 2_000_000_000

  init(_ limits: HTTPLimits) {
    idle = limits.idleTimeout.nanoseconds
    head = limits.headTimeout.nanoseconds
    body = limits.bodyTimeout.nanoseconds
    write = limits.writeTimeout.nanoseconds
  }

  /// How often the connections' deadlines are looked at.
  var sweep: Duration {
    .nanoseconds(Int64(clamping: min(max(min(idle, head, body, write) / 4, 5_000_000), 250_000_000)))
  }
}
