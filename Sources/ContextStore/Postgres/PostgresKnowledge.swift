import Synchronization

/// What a server knows of its database, as far as all of its lanes share it. Any thread.
final class PostgresKnowledge: Sendable {
  /// Service ids that this server may give out.
  struct IDs {
    var range: Range<Int64> = 0..<0
    /// How often commits had been lost when they were asked for.
    var losses = 0
  }

  private struct State {
    var ids = IDs()
    var listener: (@Sendable (StoreNews) -> Bool)?
  }

  private let newest: Atomic<Int64>
  private let state = Mutex(State())

  init(newestChange: Int64) { newest = Atomic(newestChange) }

  var newestChange: Int64 { newest.load(ordering: .acquiring) }

  func grow(to last: Int64) { newest.max(last, ordering: .acquiringAndReleasing) }

  /// Who hears of what happens in the database.
  func listen(_ listener: @escaping @Sendable (StoreNews) -> Bool) {
    state.withLock { $0.listener = listener }
  }

  var ids: IDs { state.withLock { $0.ids } }

  /// What is left of ids that were taken; unless they may be another server's by now.
  func keep(_ ids: IDs) {
    state.withLock { if $0.ids.losses == ids.losses { $0.ids = ids } }
  }

  /// The database lacks what it had acknowledged: it has changes up to this one, and may give ids to others that were not given out yet.
  func lost(after sequence: Int64) {
    newest.store(sequence, ordering: .releasing)
    let listener = state.withLock { state in
      state.ids = IDs(losses: state.ids.losses + 1)
      return state.listener
    }
    _ = listener?(.lost(sequence))
  }
}
