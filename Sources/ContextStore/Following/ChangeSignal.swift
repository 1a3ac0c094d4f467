import EventLoop
import Synchronization

/// Wakes those who wait for the change sequence to grow. Any thread.
final class ChangeSignal: Sendable {
  private struct Waiter: Sendable {
    let sequence: Int64
    let loop: EventLoop
    let continuation: UnsafeContinuation<Void, Never>
  }

  private struct State {
    var newest: Int64
    var waiters: [Waiter] = []
    var isClosed = false
  }

  private let state: Mutex<State>

  init(newest: Int64) { state = Mutex(State(newest: newest)) }

  /// The number of the newest durable change.
  var newest: Int64 { state.withLock { $0.newest } }

  /// Returns when there is a change behind a number, or the store closes. On the thread of `loop`.
  func wait(after sequence: Int64, on loop: EventLoop) async {
    await withUnsafeContinuation { continuation in
      let isThere = state.withLock { state in
        guard state.newest <= sequence, !state.isClosed else { return true }
        state.waiters.append(Waiter(sequence: sequence, loop: loop, continuation: continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  /// The sequence has grown.
  func grow(to newest: Int64) {
    let woken: [Waiter] = state.withLock { state in
      state.newest = newest
      guard !state.waiters.isEmpty else { return [] }
      let woken = state.waiters.filter { $0.sequence < newest }
      state.waiters.removeAll { $0.sequence < newest }
      return woken
    }
    wake(woken)
  }

  /// Nothing will come any more.
  func close() {
    let woken = state.withLock { state in
      state.isClosed = true
      defer { state.waiters = [] }
      return state.waiters
    }
    wake(woken)
  }

  private func wake(_ waiters: [Waiter]) {
    for waiter in waiters { waiter.loop.post { waiter.continuation.resume() } }
  }
}
