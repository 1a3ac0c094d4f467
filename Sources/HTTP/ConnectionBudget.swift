public import EventLoop
import Synchronization

/// How many connections there may be, and counts of what became of them; shared by all loops. Any thread.
public final class ConnectionBudget: Sendable {
  /// The most connections that may be open at once.
  public let cap: Int
  private let acceptFails: @Sendable (SystemError) -> Void
  private let openCount = Atomic<Int>(0)
  /// Connections over the cap that stay open until their refusal is read.
  private let refusingCount = Atomic<Int>(0)
  private let acceptedCount = Atomic<Int>(0)
  private let refusedCount = Atomic<Int>(0)
  private let failedCount = Atomic<Int>(0)
  /// When an accept failed last, in monotonic nanoseconds; 0 before the first one.
  private let lastFailure = Atomic<UInt64>(0)

  /// The most connections over the cap that may be open at once; more are closed without an answer.
  public static let mostRefusing = 64
  /// After this long without a failed accept the next one is news.
  private static let episode: UInt64 = 60_000_000_000

  /// A budget of `cap` connections.
  ///
  /// - Parameter acceptFails: called on a loop with the first of the accepts that fail one after the other because
  ///   the system has no descriptor or memory left.
  public init(cap: Int, acceptFails: @escaping @Sendable (SystemError) -> Void = { _ in }) {
    self.cap = cap
    self.acceptFails = acceptFails
  }

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
    guard Self.take(openCount, atMost: cap) else {
      refusedCount.wrappingAdd(1, ordering: .relaxed)
      return false
    }
    acceptedCount.wrappingAdd(1, ordering: .relaxed)
    return true
  }

  func giveBack() { openCount.wrappingSubtract(1, ordering: .relaxed) }

  /// Takes a place for a connection that is only told that there is none; false when there is none of these either.
  func takeRefusing() -> Bool { Self.take(refusingCount, atMost: Self.mostRefusing) }

  func giveBackRefusing() { refusingCount.wrappingSubtract(1, ordering: .relaxed) }

  func acceptFailed(_ error: SystemError, at now: UInt64) {
    failedCount.wrappingAdd(1, ordering: .relaxed)
    let last = lastFailure.exchange(now, ordering: .relaxed)
    if last == 0 || now > last &+ Self.episode { acceptFails(error) }
  }

  private static func take(_ count: borrowing Atomic<Int>, atMost most: Int) -> Bool {
    guard count.wrappingAdd(1, ordering: .relaxed).newValue <= most else {
      count.wrappingSubtract(1, ordering: .relaxed)
      return false
    }
    return true
  }
}
