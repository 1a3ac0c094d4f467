import Synchronization

/// A value behind a lock.
final class Box<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>

  init(_ value: Value) { mutex = Mutex(value) }

  var value: Value { mutex.withLock { $0 } }

  func with<Result>(_ body: (inout Value) -> Result) -> Result {
    mutex.withLock { value in
      // The closure's result leaves the lock as a copy.
      nonisolated(unsafe) let result = body(&value)
      return result
    }
  }
}
