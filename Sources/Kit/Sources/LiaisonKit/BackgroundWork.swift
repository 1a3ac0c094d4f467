import Synchronization

/// A plugin's work beside calls. It begins in the plugin's `start`, and ends at the latest when the server does.
///
/// ```swift
/// func start() async throws {
///   context.background.run("deliver") { try await deliver() }
/// }
/// ```
/// It runs beside the event loops, on threads of its own; what blocks belongs into ``PluginContext/blocking`` even so. When
/// the server ends, after the last call, the tasks are cancelled and awaited; one that has not ended after
/// ``longestStop`` is left behind. An error that ends one is told in the log. Any thread.
public final class BackgroundWork: Sendable {
  private struct Work: Sendable {
    let name: String
    let task: Task<Void, Never>
  }

  private struct State {
    var running: [Int: Work] = [:]
    var begun = 0
    var isStopped = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  /// How long the server waits for a plugin's tasks when it ends.
  public static let longestStop: Duration = .seconds(5)

  private let log: Log
  private let state = Mutex(State())

  /// Nothing runs yet.
  ///
  /// - Parameter log: the plugin's.
  public init(log: Log) { self.log = log }

  /// Begins a task. Without effect once the server ends.
  ///
  /// - Parameters:
  ///   - name: what it does, for the log.
  ///   - body: looks at `Task.isCancelled`, or awaits what does. What it throws ends it and is told.
  public func run(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    state.withLock { state in
      guard !state.isStopped else { return }
      state.begun += 1
      let number = state.begun
      // It cannot end before it is noted: ending takes the lock.
      let task = Task.detached { await self.perform(number, name, body) }
      state.running[number] = Work(name: name, task: task)
    }
  }

  /// Cancels all tasks and waits for their end. Called by the server, once.
  public func stop(within time: Duration = longestStop) async {
    let running = state.withLock { state in
      state.isStopped = true
      return Array(state.running.values)
    }
    guard !running.isEmpty else { return }
    for work in running { work.task.cancel() }
    let limit = Task.detached {
      try? await Task.sleep(for: time)
      self.state.withLock { $0.waiter.take() }?.resume()
    }
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if !state.running.isEmpty { state.waiter = continuation }
        return state.running.isEmpty
      }
      if isOver { continuation.resume() }
    }
    limit.cancel()
    for name in state.withLock({ $0.running.values.map(\.name) }).sorted() {
      log.warning("background work was cancelled and does not end", ["work": name, "waited": "\(time)"])
    }
  }

  private func perform(_ number: Int, _ name: String, _ body: @Sendable () async throws -> Void) async {
    do {
      try await body()
    } catch {
      // What is cancelled says so one way or another.
      if !Task.isCancelled { log.error("background work has ended", ["work": name, "error": "\(error)"]) }
    }
    let waiter = state.withLock { state in
      state.running[number] = nil
      return state.running.isEmpty ? state.waiter.take() : nil
    }
    waiter?.resume()
  }
}
