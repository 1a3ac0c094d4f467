/// A queue between the loops and the threads that work for them: whoever takes gets everything there is.
/// Every method may be called on any thread.
final class Mailbox<Element: Sendable>: @unchecked Sendable {
  /// What a wait brought.
  enum Taken {
    /// At least one element.
    case some
    /// The time was over.
    case nothing
    /// Nothing is there and nothing will come.
    case closed
  }

  /// Guards everything below.
  private let monitor = Monitor()
  private var queue: [Element] = []
  private var sleepers = 0
  private var isClosed = false

  /// Puts elements behind those that wait, and wakes a taker only if one sleeps. `false` if the box is closed.
  func append(_ elements: [Element]) -> Bool {
    let (accepted, wakes) = monitor.locked {
      if !isClosed { queue.append(contentsOf: elements) }
      return (!isClosed, !isClosed && sleepers > 0)
    }
    if wakes { monitor.notifyOne() }
    return accepted
  }

  /// Waits until there is something, and takes it.
  ///
  /// - Parameters:
  ///   - batch: must be empty; what is taken, oldest first. Its storage is used again.
  ///   - limit: takes no more than these.
  ///   - timeout: in milliseconds; `nil` for as long as it takes.
  func take(into batch: inout [Element], atMost limit: Int, timeout: Int? = nil) -> Taken {
    let deadline = timeout.map { monotonicNanoseconds() + UInt64($0) * 1_000_000 }
    return monitor.locked {
      while queue.isEmpty {
        if isClosed { return .closed }
        sleepers += 1
        var isOver = false
        if let deadline { isOver = monitor.wait(untilNanoseconds: deadline) } else { monitor.wait() }
        sleepers -= 1
        if isOver, queue.isEmpty { return isClosed ? .closed : .nothing }
      }
      if queue.count <= limit {
        swap(&queue, &batch)
      } else {
        batch.append(contentsOf: queue[..<limit])
        queue.removeFirst(limit)
        // The rest is for another taker, if there is one.
        if sleepers > 0 { monitor.notifyOne() }
      }
      return .some
    }
  }

  /// Takes nothing more in. What is there can still be taken.
  func close() {
    monitor.locked { isClosed = true }
    monitor.notifyAll()
  }
}
