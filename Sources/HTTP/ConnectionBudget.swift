import Synchronization

/// How many connections there may be, and counts of what became of them; shared by all loops. Any thread.
public final class ConnectionBudget: Sendable {
  /// The most connections that may be open at once.
  public let cap: Int
  private let openCount = Atomic<Int>(0)
  private let acceptedCount = Atomic<Int>(0)
  private let refusedCount = Atomic<Int>(0)
  private let failedCount = Atomic<Int>(0)

  /// A budget of `cap` connections.
  public init(cap: Int) { self.cap = cap }

  /// Connections that are open now.
  public var open: Int { openCount.load(ordering: .relaxed) }
  /// Connections that were taken since the start.
  public var accepted: Int { acceptedCount.load(ordering: .relaxed) }
  /// Connections that got 503 because the cap was reached.
  public var refused: Int { refusedCount.load(ordering: .relaxed) }
  /// Accepts that failed because the system had no descriptor or memory left.
  public var failed: Int { failedCount.load(ordering: .relaxed) }

  /// Takes a place; false when there is none.
  func take() -> Bool {
    guard openCount.wrappingAdd(1, ordering: .relaxed).newValue <= cap else {
      openCount.wrappingSubtract(1, ordering: .relaxed)
      refusedCount.wrappingAdd(1, ordering: .relaxed)
      return false
    }
    acceptedCount.wrappingAdd(1, ordering: .relaxed)
    return true
  }

  func giveBack() { openCount.wrappingSubtract(1, ordering: .relaxed) }

  func acceptFailed() { failedCount.wrappingAdd(1, ordering: .relaxed) }
}
