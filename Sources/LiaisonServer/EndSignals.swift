import Dispatch
import Glibc
import Synchronization

/// The signals that end the server: SIGTERM and SIGINT.
final class EndSignals: @unchecked Sendable {
  private let first = FirstSignal()
  /// Kept for as long as the signals are wanted; never touched again, so any thread may hold this object.
  private let sources: [any DispatchSourceSignal]

  /// From now on the signals end nothing by themselves.
  init() {
    sources = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")].map { [first] number, name in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { first.receive(name) }
      source.activate()
      return source
    }
  }

  /// Waits for the first of them; its name. Called once.
  func next() async -> String { await first.wait() }
}

/// The first signal that came, or who waits for it.
private final class FirstSignal: Sendable {
  private struct State {
    var name: String?
    var waiter: CheckedContinuation<String, Never>?
  }

  private let state = Mutex(State())

  func receive(_ name: String) {
    let waiter = state.withLock { state in
      state.name = state.name ?? name
      return state.waiter.take()
    }
    waiter?.resume(returning: name)
  }

  func wait() async -> String {
    await withCheckedContinuation { continuation in
      let name = state.withLock { state in
        if state.name == nil { state.waiter = continuation }
        return state.name
      }
      if let name { continuation.resume(returning: name) }
    }
  }
}
