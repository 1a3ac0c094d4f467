import ContextModel
import Dispatch
import Synchronization

/// A bounded number of threads for work that would block an event loop: a password hash, a file. Work waits in one line: a job that
/// takes long holds up no other as long as another thread is free.
public final class BlockingPool: Sendable {
  /// The line in which work waits, which stands still while all threads are busy; behind it one queue for each thread.
  private let queues: [DispatchQueue]
  /// Which threads are busy: a bit each.
  private let turn = Atomic<Int>(0)
  private let waiting = Atomic<Int>(0)
  private let limit: Int

  /// As many threads as there are bits to tell of them.
  private static let mostThreads = Int.bitWidth - 2

  /// A pool.
  ///
  /// - Parameters:
  ///   - threads: how much runs at the same time, 1 to 62.
  ///   - limit: how much may wait or run before more is refused.
  public init(threads: Int = 2, limit: Int = 1024) {
    queues =
      [DispatchQueue(label: "liaison.blocking")]
      + (0..<min(max(1, threads), Self.mostThreads)).map { DispatchQueue(label: "liaison.blocking.\($0)") }
    self.limit = limit
  }

  /// Runs work on one of the threads; the caller resumes where it was.
  ///
  /// - Throws: 503 if too much is waiting, or what the work throws.
  public func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    guard waiting.add(1, ordering: .relaxed).newValue <= limit else {
      waiting.subtract(1, ordering: .relaxed)
      throw ContextError(
        status: 503, code: "overloaded", message: "Too much work is waiting for a thread.", retryAfter: 1)
    }
    defer { waiting.subtract(1, ordering: .relaxed) }
    return try await withCheckedThrowingContinuation { continuation in
      queues[0].async {
        let thread = self.takeThread()
        self.queues[1 + thread].async {
          let result = Swift.Result { try work() }
          self.free(thread)
          continuation.resume(with: result)
        }
      }
    }
  }

  /// All threads are busy.
  private var full: Int { 1 << (queues.count - 1) - 1 }

  /// A thread that is free now. In the line, which moves on only while there is one.
  private func takeThread() -> Int {
    while true {
      let busy = turn.load(ordering: .relaxed)
      let thread = (~busy).trailingZeroBitCount
      let now = busy | 1 << thread
      // Before others can see that the last thread is taken: the first that is free again lets the line go on.
      if now == full { queues[0].suspend() }
      if turn.compareExchange(expected: busy, desired: now, ordering: .acquiringAndReleasing).exchanged {
        return thread
      }
      if now == full { queues[0].resume() }
    }
  }

  private func free(_ thread: Int) {
    let before = turn.bitwiseAnd(~(1 << thread), ordering: .acquiringAndReleasing).oldValue
    if before == full { queues[0].resume() }
  }
}
