/// In which order the commit threads decide: in that of arrival, one at a time, and so that it looks as if each batch had been kept before the
/// next one was begun.
///
/// Batches of several threads are on their way together. One that looks at what an earlier one has changed gets that from the
/// engine, once it is kept; unless the earlier one fails and has to be decided again, or it has looked for what the earlier one has
/// only made. Then it gives way, and is decided again behind it.
final class CommitOrder: @unchecked Sendable {
  /// The batch of one thread.
  final class Flight {
    fileprivate let transaction: StoreTransaction
    /// Guarded by `state`.
    fileprivate var stage = Stage.none

    fileprivate init(_ transaction: StoreTransaction) { self.transaction = transaction }
  }

  fileprivate enum Stage {
    /// There is no batch, or it has ended.
    case none
    /// It is decided.
    case underWay
    /// It is to be decided again.
    case failed
  }

  /// Held while writes are taken and decided.
  private let turn = Monitor()
  /// Guards everything below. Never held for long.
  private let state = Monitor()
  private var flights: [Flight] = []
  /// Whether somebody decides what he has taken.
  private var isDeciding = false
  /// Whether he has given up what he had locked, and waits for the batches before his.
  private var hasGivenWay = false
  /// Whose batch is decided again.
  private var repeating: Flight?

  /// Before the threads begin.
  func join(_ transaction: StoreTransaction) -> Flight {
    let flight = Flight(transaction)
    flights.append(flight)
    return flight
  }

  /// Takes writes while nobody else takes or decides any. `body` waits for them, and calls `decide` when it has them.
  func inTurn<Result>(_ body: () -> Result) -> Result { turn.locked(body) }

  /// Decides what was taken. In turn.
  ///
  /// - Parameters:
  ///   - decide: may be called more than once.
  ///   - abandon: gives up what was decided.
  func decide(
    _ flight: Flight, _ decide: () throws(StoreError) -> Batch?, abandon: () -> Void
  ) throws(StoreError) -> Batch? {
    // Whoever is decided already does not begin anew before this batch is, for that takes the turn, or its giving way.
    var earlier = state.locked {
      while flights.contains(where: { $0.stage == .failed }) { state.wait() }
      isDeciding = true
      return others(of: flight)
    }
    var isUnderWay = false
    defer {
      state.locked {
        isDeciding = false
        flight.stage = isUnderWay ? .underWay : .none
      }
      state.notifyAll()
    }
    var decided = try decide()
    while !isCurrent(flight, behind: earlier) {
      // Who is decided again may want what this one has locked.
      abandon()
      earlier = state.locked {
        hasGivenWay = true
        state.notifyAll()
        while earlier.contains(where: { $0.stage != .none }) { state.wait() }
        hasGivenWay = false
        return others(of: flight)
      }
      decided = try decide()
    }
    isUnderWay = decided != nil
    return decided
  }

  /// Those whose batches are on their way.
  private func others(of flight: Flight) -> [Flight] {
    flights.filter { $0 !== flight && $0.stage != .none }
  }

  /// Waits for what a batch has to do with.
  ///
  /// - Parameter earlier: what was on its way when it began.
  /// - Returns: whether it counts as it was decided.
  private func isCurrent(_ flight: Flight, behind earlier: [Flight]) -> Bool {
    var followed: [Flight] = []
    for other in earlier {
      switch flight.transaction.relation(to: other.transaction) {
      case .apart: continue
      case .follows: followed.append(other)
      case .mayMiss: return false
      }
    }
    guard !followed.isEmpty else { return true }
    return state.locked {
      while followed.contains(where: { $0.stage == .underWay }) {
        if followed.contains(where: { $0.stage == .failed }) { return false }
        state.wait()
      }
      return followed.allSatisfy { $0.stage == .none }
    }
  }

  /// A batch that is given up, or was not even decided, is to be decided again: returns when nobody else decides. Nothing is taken
  /// until it has ended.
  func beginAgain(_ flight: Flight) {
    state.locked {
      flight.stage = .failed
      state.notifyAll()
      while isDeciding && !hasGivenWay || repeating.map({ $0 !== flight }) ?? false { state.wait() }
      repeating = flight
    }
  }

  /// What becomes of a batch is known.
  func end(_ flight: Flight) {
    state.locked {
      flight.stage = .none
      if repeating === flight { repeating = nil }
    }
    state.notifyAll()
  }
}
