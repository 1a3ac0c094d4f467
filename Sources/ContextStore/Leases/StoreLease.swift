/// What one of all servers of a store may do at a time, as this server wants it: from ``ContextStore/lease(_:)`` until ``end()``.
/// Any thread.
public final class StoreLease: Sendable {
  /// `true` each time this server gets the lease, `false` each time it has lost it and waits for it anew. Over when the lease
  /// has ended, or the store is closed. For one task.
  public let turns: AsyncStream<Bool>
  let name: String
  private let book: LeaseBook
  private let continuation: AsyncStream<Bool>.Continuation

  init(_ name: String, in book: LeaseBook) {
    self.name = name
    self.book = book
    (turns, continuation) = AsyncStream.makeStream()
  }

  /// Gives the lease back, or wants it no more. Without effect the second time.
  public func end() { book.end(self) }

  func tell(_ isHeld: Bool) { continuation.yield(isHeld) }
  func finish() { continuation.finish() }
}

extension ContextStore {
  /// Asks for what one of all servers of the store may do at a time. A store without other servers gives it at once. Any thread.
  ///
  /// - Parameter name: by which the servers mean the same. Wanted twice on one server, it is given to one after the other.
  public func lease(_ name: String) -> StoreLease { engine.lease(name) }
}
