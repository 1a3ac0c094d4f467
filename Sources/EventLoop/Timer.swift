/// A body that an event loop runs once, later. Loop thread only.
public final class Timer {
  /// When it is due, in the loop's monotonic nanoseconds.
  public let deadline: UInt64
  /// Orders timers of one deadline by their creation.
  let number: UInt64
  /// Nil once it ran or was cancelled.
  var body: (() -> Void)?
  private unowned let queue: TimerQueue

  init(deadline: UInt64, number: UInt64, queue: TimerQueue, body: @escaping () -> Void) {
    self.deadline = deadline
    self.number = number
    self.queue = queue
    self.body = body
  }

  /// Lets go of the body; it will not run. Without effect when it already ran.
  public func cancel() {
    guard body != nil else { return }
    body = nil
    queue.cancelledOne()
  }

  func isBefore(_ other: Timer) -> Bool {
    deadline != other.deadline ? deadline < other.deadline : number < other.number
  }
}

/// The timers of one loop as a binary heap. A cancelled timer stays until its turn comes, or until half of the
/// heap is cancelled: cancelling costs nothing then. Loop thread only.
final class TimerQueue {
  private var heap: [Timer] = []
  private var cancelled = 0
  private var created: UInt64 = 0

  /// How many timers take up room, cancelled ones included.
  var count: Int { heap.count }

  func add(deadline: UInt64, _ body: @escaping () -> Void) -> Timer {
    created += 1
    let timer = Timer(deadline: deadline, number: created, queue: self, body: body)
    heap.append(timer)
    siftUp(heap.count - 1)
    return timer
  }

  /// The earliest deadline of a timer that still has to run.
  func nextDeadline() -> UInt64? {
    while let first = heap.first {
      if first.body != nil { return first.deadline }
      removeFirst()
      cancelled -= 1
    }
    return nil
  }

  /// Runs what is due at `now`. A timer that is added meanwhile waits for the next call, even if it is due.
  func run(now: UInt64) {
    let last = created
    var later: [Timer] = []
    while let first = heap.first, first.deadline <= now {
      removeFirst()
      guard let body = first.body else {
        cancelled -= 1
        continue
      }
      guard first.number <= last else {
        later.append(first)
        continue
      }
      first.body = nil
      body()
    }
    for timer in later {
      heap.append(timer)
      siftUp(heap.count - 1)
    }
  }

  func cancelledOne() {
    cancelled += 1
    guard cancelled > 64, cancelled > heap.count / 2 else { return }
    heap.removeAll { $0.body == nil }
    cancelled = 0
    heap.sort { $0.isBefore($1) }
  }

  private func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    siftDown(0)
  }

  private func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private func siftDown(_ start: Int) {
    var parent = start
    while true {
      var first = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].isBefore(heap[first]) { first = child }
      }
      guard first != parent else { return }
      heap.swapAt(parent, first)
      parent = first
    }
  }
}
