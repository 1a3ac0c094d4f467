import Synchronization

/// Lets calls that bring the same credential at the same time wait for one check of it. Any thread may call;
/// each call resumes where it was.
final class SharedChecks<Key: Hashable & Sendable, Outcome: Sendable>: Sendable {
  private typealias Waiter = CheckedContinuation<Result<Outcome, any Error>?, Never>

  /// The checks under way, each with those who wait for it beside the one who runs it.
  private let waiters = Mutex<[Key: [Waiter]]>([:])

  /// No checks under way.
  init() {}

  /// Runs the check, or waits for the one under way.
  ///
  /// - Throws: what the check throws, to all who wait for it.
  func outcome(of key: Key, _ check: () async throws -> Outcome) async throws -> Outcome {
    while !begin(key) {
      let result = await withCheckedContinuation { waiter in
        // The check may have ended in the meantime.
        if !join(key, waiter) { waiter.resume(returning: nil) }
      }
      if let result { return try result.get() }
    }
    let result: Result<Outcome, any Error>
    do { result = .success(try await check()) } catch { result = .failure(error) }
    for waiter in waiters.withLock({ $0.removeValue(forKey: key) ?? [] }) { waiter.resume(returning: result) }
    return try result.get()
  }

  /// How many wait for a check beside the one who runs it; `nil` if none is under way.
  func waiting(for key: Key) -> Int? { waiters.withLock { $0[key]?.count } }

  private func begin(_ key: Key) -> Bool {
    waiters.withLock { waiters in
      guard waiters[key] == nil else { return false }
      waiters[key] = []
      return true
    }
  }

  private func join(_ key: Key, _ waiter: Waiter) -> Bool {
    waiters.withLock { waiters in
      guard waiters[key] != nil else { return false }
      waiters[key]!.append(waiter)
      return true
    }
  }
}
