import Dispatch
import Synchronization

/// A plugin's work beside calls. It begins in the plugin's `start`, and ends at the latest when the server does.
///
/// ```swift
/// func start() async throws {
///   context.background.run("deliver") { try await deliver() }
/// }
/// ```
/// It runs on the threads that all tasks of Swift's share, never on an event loop; work that blocks belongs in
/// ``PluginContext/blocking``. When the server ends the tasks are cancelled and awaited; one that has not ended after
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
    /// Nobody waits for an end any more: the time for it has passed.
    var isOver = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  /// How long the server waits for a plugin's tasks when it ends.
  public static let longestStop: Duration = .seconds(5)

  private let log: Log
  private let state = Mutex(State())
  /// `nil`: this server is the only one.
  private let leases = Mutex<(any WorkLeases)?>(nil)

  /// Nothing runs yet.
  ///
  /// - Parameter log: the plugin's.
  public init(log: Log) { self.log = log }

  /// Other servers may do the same work: from now on leases decide who does it.
  @_spi(Server) public func share(by leases: any WorkLeases) { self.leases.withLock { $0 = leases } }

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

  /// Begins a task that one of all servers on the store does at a time: where several of them have the plugin, the others wait.
  ///
  /// ```swift
  /// context.background.runOnOneServer("publish") { [context] in
  ///   for try await change in context.changes() {
  ///     try await publish(change)
  ///     try await context.feed.keep(change.sequence)
  ///   }
  /// }
  /// ```
  /// The body runs while this server has the lease of the work, which goes by the names of the plugin and the work. When the server ends, or the
  /// body does – by itself or with an error, which is told – another server gets the lease within a second or so. A body that has ended
  /// by itself does not run on this server again.
  ///
  /// When the server loses its connection to the database, the lease is lost: the task of the body is cancelled, and the body runs anew
  /// once the lease has come back. So it begins where the work stands, not where it was left, and heeds `Task.isCancelled`. A
  /// server that is killed is followed within a second or so, one that is cut off or loses its power within 15 s. Until a cancelled
  /// body has ended, and on a machine that stood still until it notices, two servers may do the same for a moment. Followers of the change
  /// sequence lose nothing by that: see ``ChangeFeed``.
  ///
  /// A follower that is to miss nothing from the server's first start on asks for ``ChangeFeed/begin()`` in `start`, not when its turn comes.
  ///
  /// A store in a data folder has one server: the body runs at once.
  ///
  /// - Parameters:
  ///   - name: what it does: the same on all servers. Two tasks of one name take turns.
  ///   - body: looks at `Task.isCancelled`, or awaits what does. What it throws ends it and is told.
  public func runOnOneServer(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    guard let leases = leases.withLock({ $0 }) else { return run(name, body) }
    run(name) { try await leases.hold(name, body) }
  }

  /// Cancels all tasks and waits for their end. Called by the server, once.
  public func stop(within time: Duration = longestStop) async {
    let running = state.withLock { state in
      state.isStopped = true
      return Array(state.running.values)
    }
    for work in running { work.task.cancel() }
    for name in await unended(after: time) {
      log.warning("background work was cancelled and does not end", ["work": name, "waited": "\(time)"])
    }
  }

  /// Waits for the end of all tasks.
  ///
  /// - Returns: the names of those that have not ended within the time.
  @_spi(Server) public func unended(after time: Duration) async -> [String] {
    // Not a task: what does not end may have all threads that tasks have.
    let limit = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "liaison.background"))
    limit.setEventHandler {
      self.state.withLock { state in
        state.isOver = true
        return state.waiter.take()
      }?.resume()
    }
    limit.schedule(deadline: .now() + time / .seconds(1))
    limit.activate()
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        let isOver = state.isOver || state.running.isEmpty
        if !isOver { state.waiter = continuation }
        return isOver
      }
      if isOver { continuation.resume() }
    }
    limit.cancel()
    return state.withLock { $0.running.values.map(\.name) }.sorted()
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
