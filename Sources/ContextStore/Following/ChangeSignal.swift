import EventLoop
import Synchronization

/// Wakes those who wait for the change sequence to grow. Any thread.
final class ChangeSignal: Sendable {
  private struct Waiter: Sendable {
    let number: Int
    let sequence: Int64
    let loop: EventLoop
    let continuation: UnsafeContinuation<Void, Never>

    func wake() { loop.post { continuation.resume() } }
  }

  private struct State {
    var newest: Int64
    var waiters: [Waiter] = []
    var lastNumber = 0
    /// Waits that were cancelled before they had begun.
    var cancelled: Set<Int> = []
    var isClosed = false
  }

  private let state: Mutex<State>

  init(newest: Int64) { state = Mutex(State(newest: newest)) }

  /// The number of the newest durable change.
  var newest: Int64 { state.withLock { $0.newest } }

  /// Returns when there is a change behind a number, when the store closes, or when the task is cancelled. On the thread
  /// of `loop`.
  func wait(after sequence: Int64, on loop: EventLoop) async {
    let number = state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isOver = state.withLock { state in
          let isCancelled = state.cancelled.remove(number) != nil
          guard state.newest <= sequence, !state.isClosed, !isCancelled else { return true }
          state.waiters.append(
            Waiter(number: number, sequence: sequence, loop: loop, continuation: continuation))
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      cancel(number)
    }
    // Cancelled when it was over already.
    _ = state.withLock { $0.cancelled.remove(number) }
  }

  /// The sequence has grown; that may be told late.
  func grow(to newest: Int64) {
    let woken: [Waiter] = state.withLock { state in
      state.newest = max(state.newest, newest)
      guard !state.waiters.isEmpty else { return [] }
      let woken = state.waiters.filter { $0.sequence < newest }
      state.waiters.removeAll { $0.sequence < newest }
      return woken
    }
    for waiter in woken { waiter.wake() }
  }

  /// The newest changes are lost: others will get their numbers.
  func shrink(to newest: Int64) { state.withLock { $0.newest = newest } }

  /// Nothing will come any more.
  func close() {
    let woken = state.withLock { state in
      state.isClosed = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in woken { waiter.wake() }
  }

  private func cancel(_ number: Int) {
    let waiter: Waiter? = state.withLock { state in
      guard let place = state.waiters.firstIndex(where: { $0.number == number }) else {
        state.cancelled.insert(number)
        return nil
      }
      return state.waiters.remove(at: place)
    }
    waiter?.wake()
  }
}
