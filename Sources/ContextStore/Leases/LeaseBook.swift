import Synchronization

/// Which leases one server wants, and which it has. Any thread.
final class LeaseBook: Sendable {
  private struct Entry: Sendable {
    let lease: StoreLease
    var isHeld = false
  }

  private struct State {
    /// In the order in which they were asked for; of those of one name one is held at most.
    var entries: [Entry] = []
    /// The names of leases that other servers may have again.
    var returned: [String] = []
    /// Whether more was asked for, or returned, since the last look.
    var hasNews = false
    var isClosed = false

    /// The names of leases that nobody here has.
    var wanted: Set<String> {
      Set(entries.map(\.lease.name)).subtracting(entries.lazy.filter(\.isHeld).map(\.lease.name))
    }

    mutating func grant(_ name: String) {
      guard let place = entries.firstIndex(where: { $0.lease.name == name }) else {
        returned.append(name)
        hasNews = true
        return
      }
      entries[place].isHeld = true
      entries[place].lease.tell(true)
    }
  }

  private let isShared: Bool
  private let state = Mutex(State())

  /// - Parameter isShared: whether other servers may want the same; then somebody looks here and asks for what is wanted.
  init(isShared: Bool) { self.isShared = isShared }

  /// A lease that is wanted from now on.
  func ask(_ name: String) -> StoreLease {
    let lease = StoreLease(name, in: self)
    state.withLock { state in
      guard !state.isClosed else { return lease.finish() }
      state.entries.append(Entry(lease: lease))
      noteNews(&state)
    }
    return lease
  }

  func end(_ lease: StoreLease) {
    state.withLock { state in
      guard let place = state.entries.firstIndex(where: { $0.lease === lease }) else { return }
      if state.entries.remove(at: place).isHeld { state.returned.append(lease.name) }
      lease.finish()
      noteNews(&state)
    }
  }

  private func noteNews(_ state: inout State) {
    state.hasNews = true
    guard !isShared else { return }
    state.returned = []
    for name in state.wanted { state.grant(name) }
  }

  // MARK: For who asks for them

  /// Whether it is time to look at once.
  var hasNews: Bool { state.withLock { $0.hasNews } }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// The names of leases that were returned since the last look, and of all that are wanted.
  func look() -> (returned: [String], wanted: Set<String>) {
    state.withLock { state in
      defer { (state.returned, state.hasNews) = ([], false) }
      return (state.returned, state.wanted)
    }
  }

  /// This server has a lease that was wanted; if it is wanted no more it is returned.
  func grant(_ name: String) { state.withLock { $0.grant(name) } }

  /// Other servers may have all leases.
  func lose() {
    state.withLock { state in
      for place in state.entries.indices where state.entries[place].isHeld {
        state.entries[place].isHeld = false
        state.entries[place].lease.tell(false)
      }
      state.returned = []
    }
  }

  /// All leases end.
  func close() {
    state.withLock { state in
      for entry in state.entries { entry.lease.finish() }
      state.entries = []
      (state.hasNews, state.isClosed) = (true, true)
    }
  }
}
