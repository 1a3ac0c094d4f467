import ContextModel
import Dispatch
import Synchronization

/// A bounded number of threads for work that would block an event loop: a password hash, a file.
public final class BlockingPool: Sendable {
  private let queues: [DispatchQueue]
  private let turn = Atomic<Int>(0)
  private let waiting = Atomic<Int>(0)
  private let limit: Int

  /// A pool.
  ///
  /// - Parameters:
  ///   - threads: how much runs at the same time, at least 1.
  ///   - limit: how much may wait or run before more is refused.
  public init(threads: Int = 2, limit: Int = 1024) {
    queues = (0..<max(1, threads)).map { DispatchQueue(label: "liaison.blocking.\($0)") }
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
    let queue = queues[turn.add(1, ordering: .relaxed).oldValue % queues.count]
    return try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Swift.Result { try work() }) }
    }
  }
}
