import Synchronization

/// What a loop's thread is doing, as far as it says so. Set by that thread, read by any.
public final class LoopMark: Sendable {
  /// The number of the turn, and in the lowest 16 bits the part of the program that has it: 0 for none that is marked.
  private let word = Atomic<UInt64>(0)

  /// What the thread does now: a value that stays the same for long belongs to a part that does not let go.
  public var now: (turn: UInt64, mark: UInt16) {
    let word = word.load(ordering: .relaxed)
    return (word >> 16, UInt16(truncatingIfNeeded: word))
  }

  /// A part's code begins to run. Loop thread only.
  public func enter(_ mark: UInt16) {
    let turn = (word.load(ordering: .relaxed) >> 16) &+ 1
    word.store(turn << 16 | UInt64(mark), ordering: .relaxed)
  }

  /// Other code runs. Loop thread only.
  public func leave() {
    word.store(word.load(ordering: .relaxed) & ~0xFFFF, ordering: .relaxed)
  }
}
