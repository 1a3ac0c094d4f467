import LiaisonKit
import Synchronization

/// Credentials that were right a short while ago, by their keyed digest: neither password nor header is kept.
///
/// Any thread may ask. Belongs to one state of the htpasswd file at a time: another one forgets everything.
final class RememberedCredentials: Sendable {
  private struct Entry {
    let principal: Principal
    let end: MonotonicTime
  }

  private struct State {
    var generation = 0
    var entries: RecentTable<SHA256Digest, Entry>
  }

  private let milliseconds: Int64
  private let state: Mutex<State>

  /// - Parameters:
  ///   - duration: for how long after a check a credential is believed; zero for never.
  ///   - limit: how many there may be; those not used for longest go first.
  init(for duration: Duration, limit: Int) {
    milliseconds = duration.milliseconds
    state = Mutex(State(entries: RecentTable(limit: limit)))
  }

  /// Whose credential it is, if it is remembered.
  func principal(of digest: SHA256Digest) -> Principal? {
    guard milliseconds > 0 else { return nil }
    let now = MonotonicTime.now
    return state.withLock { state in
      guard let entry = state.entries[digest] else { return nil }
      guard now < entry.end else {
        state.entries[digest] = nil
        return nil
      }
      return entry.principal
    }
  }

  /// Remembers a credential that was checked against the users of that generation, unless they are past.
  func remember(_ principal: Principal, by digest: SHA256Digest, generation: Int) {
    guard milliseconds > 0 else { return }
    let entry = Entry(principal: principal, end: .now + milliseconds)
    state.withLock { state in
      guard state.generation == generation else { return }
      state.entries[digest] = entry
    }
  }

  /// Forgets everything; from here on only credentials of that generation are taken.
  func forgetAll(generation: Int) {
    state.withLock { state in
      state.generation = generation
      state.entries.removeAll()
    }
  }

  /// How many are remembered.
  var count: Int { state.withLock { $0.entries.count } }
}
