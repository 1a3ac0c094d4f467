import ContextModel

/// A command that Redis has not answered yet.
struct PendingCommand {
  /// What it is for, and who waits. A waiter is called once: by the answer, or when it is overdue.
  enum Purpose {
    /// Entries. They are sent by digest first, and once more by text if Redis does not know the script.
    case writes([GatheredWrite], byText: Bool)
    /// A missed service that the store does not have any more.
    case remove(ServiceID)
    /// `belief` is the node's at the time of sending.
    case read(ServiceID, Tenant, belief: UInt64, ((CacheRead) -> Void)?)
    /// Part of the handshake, a renewal of the epoch, or a probe.
    case control((RedisReply?) -> Void)
  }

  var purpose: Purpose
  /// The node's epoch that it was sent under.
  let epoch: Int64
  /// When nobody waits for it any more, in the loop's monotonic nanoseconds.
  let deadline: UInt64
  /// The bytes of the command.
  let size: Int

  /// How many services it is about, at least 1.
  var weight: Int {
    if case .writes(let writes, _) = purpose { writes.count } else { 1 }
  }
}

/// A call that waits for a replay.
struct ParkedWrite {
  /// When it waits no longer, in the loop's monotonic nanoseconds.
  let deadline: UInt64
  let waiter: () -> Void
}

/// The commands on one connection, in the order of sending, which is that of the answers: a ring that grows up to
/// the client's limits and never shrinks.
struct PendingCommands {
  private var slots: ContiguousArray<PendingCommand?> = ContiguousArray(repeating: nil, count: 64)
  private var head = 0
  private(set) var count = 0
  /// The sum of their sizes.
  private(set) var size = 0
  /// The sum of their weights.
  private(set) var weight = 0

  var isEmpty: Bool { count == 0 }

  /// By age, the oldest is 0.
  subscript(index: Int) -> PendingCommand {
    get { slots[slot(index)]! }
    set { slots[slot(index)] = newValue }
  }

  mutating func append(_ command: PendingCommand) {
    if count == slots.count { grow() }
    slots[slot(count)] = command
    count += 1
    size += command.size
    weight += command.weight
  }

  mutating func popFirst() -> PendingCommand? {
    guard count > 0, let command = slots[head] else { return nil }
    slots[head] = nil
    head = slot(1)
    count -= 1
    size -= command.size
    weight -= command.weight
    return command
  }

  private func slot(_ index: Int) -> Int { (head + index) & (slots.count - 1) }

  private mutating func grow() {
    let old = slots
    slots = ContiguousArray(repeating: nil, count: old.count * 2)
    for index in 0..<count { slots[index] = old[(head + index) & (old.count - 1)] }
    head = 0
  }
}
